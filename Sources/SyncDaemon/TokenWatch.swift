import APIClient
import Logging
import SyncPolicy
import SystemEvents
import SystemPackage

/// The tokens that are in force, and the files that new ones come in.
///
/// The work loop is rung when a file changes; it reads them then, and compares. Whoever may write the files can so change the tokens of a
/// running daemon, without a reload.
struct TokenWatch: Sendable {
  private let configuration: Configuration
  private(set) var settings: APIClientSettings
  private(set) var users: UserTokens
  private let watches: [FileWatch]
  /// What was last found wrong with the common token's file, and with those of users.
  private var problem: String?
  private var userProblems: [UserTokens.Problem] = []

  /// Watches the files, if some are configured; says so when that cannot be done, and what is wrong with the tokens of users. Warns of
  /// tokens that others can read on their way.
  ///
  /// - Parameter settings: Made from the configuration and `users`, with the tokens that are in force.
  init(_ configuration: Configuration, _ settings: APIClientSettings, _ users: UserTokens, logger: Logger) {
    (self.configuration, self.settings, self.users) = (configuration, settings, users)
    if settings.exposesToken {
      let words = "Everybody on the way to \(settings.baseURL) can read the token, as api.allow_cleartext_token permits"
      logger.say(.tokenExposed, words, [.api: "\(settings.baseURL)"])
    }
    watches = Self.watches(configuration, logger: logger)
    say(users.problems, logger: logger)
  }

  private static func watches(_ configuration: Configuration, logger: Logger) -> [FileWatch] {
    var watches: [FileWatch] = []
    func complain(_ error: SystemEventError) {
      logger.say(.tokenUnwatched, "\(error); a new token takes a reload", [.reason: "\(error)"])
    }
    do throws(SystemEventError) {
      if let file = configuration.api.tokenFile { watches.append(try FileWatch(file)) }
    } catch {
      complain(error)
    }
    do throws(SystemEventError) {
      if let directory = configuration.api.userTokens { watches.append(try FileWatch(contentsOf: directory)) }
    } catch {
      complain(error)
    }
    return watches
  }

  /// Reads the files again, and makes a client of tokens that are new, and tells whose they are; the configuration is not read again.
  ///
  /// Returns nil when nothing is new. Where a file does not hold a token, the old one stays in force, and what is wrong is said once.
  mutating func renew(logger: Logger) -> (client: APIClient, accounts: Set<Account>)? {
    var renewed = settings
    do {
      renewed.token = try configuration.readToken()
      problem = nil
    } catch {
      keep(because: "\(error)", logger: logger)
    }
    let read = configuration.readUserTokens()
    let users = read.keeping(self.users)
    say(read.problems, logger: logger)
    renewed.userTokens = users.tokens
    guard renewed != settings else {
      self.users = users
      return nil
    }
    do {
      let client = try APIClient(renewed, version: Daemon.version)
      let changes = UserTokenChanges(from: self.users, to: users)
      changes.say(logger: logger)
      var accounts = changes.accounts
      if renewed.token != settings.token {
        logger.say(.tokenChanged, "The token has changed")
        accounts.insert(.common)
      }
      (settings, self.users) = (renewed, users)
      return (client, accounts)
    } catch {
      keep(because: "\(error)", logger: logger)
      return nil
    }
  }

  private mutating func keep(because reason: String, logger: Logger) {
    if problem != reason { logger.say(.tokenKept, "The old token stays in force: \(reason)", [.reason: reason]) }
    problem = reason
  }

  /// So many files are complained of one by one.
  private static let longestComplaint = 20

  private mutating func say(_ problems: [UserTokens.Problem], logger: Logger) {
    let new = problems.filter { !userProblems.contains($0) }
    userProblems = problems
    for problem in new.prefix(Self.longestComplaint) {
      var fields: [JournalField: String] = [.reason: problem.description]
      fields[.account] = problem.user.map { "\($0)" }
      logger.say(.userTokenUnusable, problem.description, fields)
    }
    let more = new.count - Self.longestComplaint
    if more > 0 { logger.say(.userTokenUnusable, "\(more) more tokens of users cannot be used", [.reason: "as those before"]) }
  }

  /// Rings whenever a file has changed, until `end()`; returns at once when there is none to watch.
  func run(ringing doorbell: Doorbell) async {
    guard !watches.isEmpty else { return }
    // They may have changed since they were read.
    doorbell.ring { $0.tokenRang = true }
    await withDiscardingTaskGroup { group in
      for watch in watches {
        group.addTask { for await _ in watch.rings { doorbell.ring { $0.tokenRang = true } } }
      }
    }
  }

  func end() {
    for watch in watches { watch.end() }
  }
}

/// Whose own tokens have come, changed and gone.
private struct UserTokenChanges {
  private let came: [UInt32]
  private let changed: [UInt32]
  private let went: [UInt32]

  init(from old: UserTokens, to new: UserTokens) {
    came = new.users.subtracting(old.users).sorted()
    went = old.users.subtracting(new.users).sorted()
    changed = new.users.intersection(old.users).filter { new.entries[$0]?.token != old.entries[$0]?.token }.sorted()
  }

  var accounts: Set<Account> { Set((came + changed + went).map(Account.user)) }

  func say(logger: Logger) {
    say("Own tokens are there now for", came, logger: logger)
    say("Own tokens have changed for", changed, logger: logger)
    say("Own tokens are gone, and what waits for them stays, for", went, logger: logger)
  }

  private func say(_ words: String, _ users: [UInt32], logger: Logger) {
    guard let first = users.first else { return }
    let names = users.prefix(10).map { "\(UserName($0))" } + (users.count > 10 ? ["\(users.count - 10) more"] : [])
    logger.say(.tokenChanged, "\(words) \(names.joined(separator: ", "))", users.count == 1 ? [.account: "\(first)"] : [:])
  }
}
