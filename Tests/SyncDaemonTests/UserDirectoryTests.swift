import Synchronization
import SystemPackage
import Testing

@testable import SyncDaemon

@Suite("What the system says of users", .timeLimit(.minutes(1)))
struct UserDirectoryTests {
  /// A user database that answers when it may, by a lock that a test holds meanwhile.
  private final class Database: Sendable {
    let answers = Mutex<[UserDirectory.Question: UserDirectory.Answer]>([:])
    let asked = Mutex<[UserDirectory.Question]>([])
    let news = Mutex(0)

    var directory: UserDirectory {
      UserDirectory { [self] question in
        asked.withLock { $0.append(question) }
        return answers.withLock { $0[question] ?? .nobody }
      } onNews: { [self] in
        news.withLock { $0 += 1 }
      }
    }
  }

  private let start = ContinuousClock.now

  @Test("is known after it was asked, and rings then; a user's name is known with his number")
  func answer() async {
    let database = Database()
    database.answers.withLock { $0 = [.user(named: "alice"): .user(1_001)] }
    let directory = database.directory
    #expect(directory.answer(to: .user(named: "alice")) == nil)
    await directory.settle(within: .seconds(60))
    #expect(directory.answer(to: .user(named: "alice")) == .user(1_001))
    #expect(directory.answer(to: .name(of: 1_001)) == .name("alice"))
    #expect(directory.silence(about: .user(named: "alice")) == .zero && directory.silence(about: .user(named: "bob")) == nil)
    #expect(database.asked.withLock { $0 } == [.user(named: "alice")])
    #expect(database.news.withLock { $0 } == 1)
  }

  @Test("is asked anew when it is old, serves meanwhile, and rings when it has changed", arguments: [false, true])
  func age(changes: Bool) async {
    let database = Database()
    database.answers.withLock { $0 = [.name(of: 5): .name("alice")] }
    let directory = database.directory
    _ = directory.answer(to: .name(of: 5), now: start)
    await directory.settle(within: .seconds(60))
    if changes { database.answers.withLock { $0 = [.name(of: 5): .name("carol")] } }
    #expect(directory.answer(to: .name(of: 5), now: start + .seconds(59)) == .name("alice"))
    await directory.settle(within: .seconds(60))
    #expect(database.asked.withLock { $0.count } == 1)
    #expect(directory.answer(to: .name(of: 5), now: start + .seconds(60)) == .name("alice"))
    await directory.settle(within: .seconds(60))
    #expect(database.asked.withLock { $0.count } == 2)
    #expect(directory.answer(to: .name(of: 5), now: start + .seconds(61)) == .name(changes ? "carol" : "alice"))
    #expect(database.news.withLock { $0 } == (changes ? 2 : 1))
  }

  @Test(
    "is waited for by nobody: of a database that hangs, sixteen questions are under way, each once, and others are answered when it goes on"
  )
  func hanging() async {
    let database = Database()
    let directory = database.directory
    let names = (1...20).map { UserDirectory.Question.user(named: "u\($0)") }
    database.answers.withLock { answers in
      for question in names + names { #expect(directory.answer(to: question, now: start) == nil) }
      #expect(directory.silence(about: names[19], now: start + .seconds(7)) == .seconds(7))
      #expect(database.asked.withLock { $0.count } <= 16)
      for (number, question) in names.enumerated() { answers[question] = .user(UInt32(number)) }
    }
    await directory.settle(within: .seconds(60))
    #expect(names.map { directory.answer(to: $0, now: start) } == (0..<20).map { .user($0) })
    #expect(Set(database.asked.withLock { $0 }) == Set(names) && database.asked.withLock { $0.count } == 20)
  }

  @Test("and does not say yet leaves a file alone without a word at first, and a number needs no answer")
  func tokens() async {
    let database = Database()
    let directory = database.directory
    await UserDirectory.$current.withValue(directory) {
      let files = [(name: "alice", file: "/t/token_alice"), (name: "1003", file: "/t/token_1003")] as [(name: String, file: FilePath)]
      let first = database.answers.withLock { answers in
        answers = [.user(named: "alice"): .user(1_001)]
        return UserTokens(files: files)
      }
      #expect(first.users == [1_003] && first.hasUnknownUsers && first.problems.map(\.user) == [1_003])
      await directory.settle(within: .seconds(60))
      let second = UserTokens(files: files)
      #expect(second.users == [1_001, 1_003] && !second.hasUnknownUsers)
    }
  }
}

@Suite("The search for users whom the system has not named")
struct UserSearchTests {
  private let start = ContinuousClock.now

  private func taken(_ search: inout UserSearch, hasDrops: Bool, _ times: Range<Int>) -> [Int] {
    var taken: [Int] = []
    for second in times where search.take(hasDrops: hasDrops, now: start + .seconds(second)) { taken.append(second) }
    return taken
  }

  @Test("goes on once a minute, at once with a drop, and soon with one that comes right after; without any there is none")
  func pace() {
    var search = UserSearch(now: start)
    #expect(taken(&search, hasDrops: true, 0..<100).isEmpty && search.dueAt == nil)
    search.isOpen = true
    #expect(search.dueAt == start + .seconds(60))
    #expect(taken(&search, hasDrops: false, 0..<190) == [60, 120, 180])
    #expect(taken(&search, hasDrops: true, 190..<193) == [190, 192])
    #expect(search.dueAt == start + .seconds(252))
    #expect(taken(&search, hasDrops: true, 200..<202) == [200])
    #expect(search.dueAt == start + .seconds(200) + UserSearch.pace)
    #expect(taken(&search, hasDrops: false, 202..<300) == [202, 262])
  }
}
