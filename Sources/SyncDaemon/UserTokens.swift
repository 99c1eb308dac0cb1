package import APIClient
import Glibc
package import SystemPackage
import Systemd

/// The tokens that users have of their own, as the files of a directory give them: `token_alice` or `token_1000`, a token each. Other
/// entries are none of its business.
///
/// A file that cannot be used is said, and stops nobody else.
package struct UserTokens: Hashable, Sendable {
  /// By user. One whose file is there and cannot be used is here too, so that his writes wait for it and do not go out as somebody else's.
  package private(set) var entries: [UInt32: Entry] = [:]
  /// What is wrong with a file, in the order of their names.
  package private(set) var problems: [Problem] = []
  /// Why the directory could not be read; nil when it could, so that who is not here has no token.
  package private(set) var failure: Errno?
  /// Files whose users the system does not know, or could not name just now.
  private var unresolved: Set<FilePath> = []

  package struct Entry: Hashable, Sendable {
    package let file: FilePath
    package fileprivate(set) var token: UserToken
  }

  /// A line for a person: which file, what is wrong, and what that means.
  package struct Problem: Hashable, Sendable, CustomStringConvertible {
    /// Whom it concerns, where that is known.
    package let user: UInt32?
    package let description: String

    package init(user: UInt32?, description: String) {
      (self.user, self.description) = (user, description)
    }
  }

  /// What a file is called that holds a user's token.
  package static let prefix = "token_"

  package init() {}

  /// Reads a directory; none for nil. Throws nothing: what cannot be read is a problem.
  ///
  /// - Parameter user: The user whom the end of a file's name names; nil for nobody.
  package init(in directory: FilePath?, user: (String) -> UInt32? = UserName.user(named:)) {
    self.init()
    guard let directory else { return }
    let names: [FilePath.Component]
    do throws(Errno) {
      names = try directory.entryNames().filter { $0.string.hasPrefix(Self.prefix) }
    } catch {
      failure = error
      add(problem: "api.user_tokens: \(directory) cannot be read: \(error); the tokens that were read before stay in force", of: nil)
      return
    }
    self = UserTokens(files: names.map { (String($0.string.dropFirst(Self.prefix.count)), directory.appending($0)) }, user: user)
  }

  /// Reads files that stand for users, by name or decimal user id.
  package init(files: [(name: String, file: FilePath)], user: (String) -> UInt32? = UserName.user(named:)) {
    for (name, file) in files.sorted(by: { $0.name < $1.name }) { read(file, named: name, of: user(name)) }
  }

  private mutating func read(_ file: FilePath, named name: String, of user: UInt32?) {
    guard let user else {
      unresolved.insert(file)
      guard let silence = UserDirectory.current?.silence(about: .user(named: name)) else {
        return add(problem: "\(file): the system knows no such user; the file is left alone", of: nil)
      }
      if silence >= UserDirectory.patience {
        add(problem: "\(file): the system does not say which user that is; the file is left alone until it does", of: nil)
      }
      return
    }
    if let other = entries[user]?.file {
      return add(problem: "\(file): \(UserName(user)) has a token in \(other) already, which counts; remove one of them", of: user)
    }
    do throws(TokenFileError) {
      entries[user] = Entry(file: file, token: .usable(try BearerToken(file: file)))
    } catch {
      entries[user] = Entry(file: file, token: .unusable(reason: "\(file) \(error.text)"))
      add(problem: "\(file) \(error.text); what \(UserName(user)) drops waits until it holds a token", of: user)
    }
  }

  private mutating func add(problem: String, of user: UInt32?) {
    problems.append(Problem(user: user, description: problem))
  }

  /// The same, but where a file has become unusable, the directory unreadable, or a user unknown while his file is there, with what was read
  /// before: a user must not lose his account, and have his writes go out as everybody's, because something cannot be read for a moment.
  ///
  /// - Parameter name: What the system calls a user; nil for one that it cannot name.
  package func keeping(_ old: UserTokens, name: (UInt32) -> String? = UserName.name(of:)) -> UserTokens {
    var kept = self
    for (user, entry) in old.entries {
      switch entries[user]?.token {
      case .usable: break
      case .unusable: if entry.token.token != nil { kept.entries[user]?.token = entry.token }
      case nil:
        guard failure != nil || unresolved.contains(entry.file) else { continue }
        kept.entries[user] = entry
        // The number may be another's by now, and then the token is not his.
        if unresolved.contains(entry.file), let other = name(user), !entry.file.isToken(of: other) {
          let reason = "\(entry.file) names a user whom the system does not know, and \(other.singleLine) has the user id now"
          kept.entries[user]?.token = .unusable(reason: reason)
        }
      }
    }
    return kept
  }

  /// The same accounts, with nothing to send for them.
  package var withoutTokens: UserTokens {
    var users = self
    for (user, entry) in entries {
      users.entries[user]?.token = .unusable(reason: "\(entry.file) could not be read since another API was set")
    }
    return users
  }

  /// Whether there are files whose users the system has not named.
  var hasUnknownUsers: Bool { !unresolved.isEmpty }

  /// The users who have an account of their own.
  package var users: Set<UInt32> { Set(entries.keys) }

  /// In the terms of the client.
  package var tokens: [UInt32: UserToken] { entries.mapValues(\.token) }
}

extension FilePath {
  fileprivate func isToken(of name: String) -> Bool { lastComponent?.string == UserTokens.prefix + name }

  /// The names of what a directory holds, in its own order.
  package func entryNames() throws(Errno) -> [FilePath.Component] {
    guard let stream = withPlatformString({ opendir($0) }) else { throw Errno(rawValue: errno) }
    defer { closedir(stream) }
    var names: [FilePath.Component] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      // An entry is shorter in memory than its C type says, so that its name must be read in place.
      let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
      let name = FilePath.Component(
        platformString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CInterop.PlatformChar.self))
      if let name, name.kind == .regular { names.append(name) }
    }
    guard errno == 0 else { throw Errno(rawValue: errno) }
    return names
  }
}
