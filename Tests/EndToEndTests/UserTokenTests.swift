import Foundation
import Glibc
import Hummingbird
import Synchronization
import TestSupport
import Testing

@Suite("Users with tokens of their own", .enabled(if: Person.arePossible, "only root can drop for others"))
struct UserTokenTests {
  private let machine: Workstation
  private let tokens: URL

  init() throws {
    machine = try Workstation()
    tokens = machine.directory.appending(path: "tokens")
    try FileManager.default.createDirectory(at: tokens, withIntermediateDirectories: false)
    try Data("common\n".utf8).write(to: tokens.appending(path: "common"))
  }

  /// Has the token of a person replaced, or removed.
  private func give(_ person: Person, _ token: String?) throws {
    let file = tokens.appending(path: "token_\(person.user)")
    if let token {
      try Data("\(token)\n".utf8).write(to: file, options: .atomic)
    } else {
      try FileManager.default.removeItem(at: file)
    }
  }

  private var configuration: String {
    "api.token_file: \(tokens.appending(path: "common").path)\napi.user_tokens: \(tokens.path)\n"
  }

  /// Runs the daemon against an API that accepts some tokens, which may change meanwhile.
  private func withDaemon(
    accepting tokens: Set<String>, debounce: String = "10ms", environment: [String: String] = [:],
    _ body: (RecordingProxy, Accepted) async throws -> Void
  ) async throws {
    let accepted = Accepted(tokens)
    let proxy = RecordingProxy { request in accepted.has(request.token) ? nil : Response(status: .unauthorized) }
    try await ClockPeace.kept {
      try await machine.startAPI()
      try await proxy.serve(to: machine.apiURL) { port in
        machine.proxyPort = port
        try await machine.startSharedDaemon(configuration, debounce: debounce, environment: environment)
        try await body(proxy, accepted)
        try await machine.stopDaemon()
      }
    }
  }

  /// With which tokens requests for a person's days were answered with success, or at all.
  private func tokens(_ proxy: RecordingProxy, days: ClosedRange<Int>) -> Set<String?> {
    Set(proxy.requests.filter { request in days.contains { request.body.contains("\"day_number\":\($0),") } }.map(\.token))
  }

  @Test("are each served with their own, and everybody else with the common one")
  func own() async throws {
    try give(.owner, "one")
    try give(.member, "two")
    try await withDaemon(accepting: ["one", "two", "common"]) { proxy, _ in
      for day in 1...5 {
        try machine.drop(rating("easy", day: day), of: Person.owner.user)
        try machine.drop(rating("hard", day: day + 10), of: Person.member.user)
        try machine.drop(rating("perfect", day: day + 20))
      }
      try await eventually("everything is delivered") { try machine.isDone() && machine.rows().count == 15 }
      #expect(tokens(proxy, days: 1...5) == ["one"])
      #expect(tokens(proxy, days: 11...15) == ["two"])
      #expect(tokens(proxy, days: 21...25) == ["common"])
    }
  }

  @Test("are held alone when theirs is refused, and go on as soon as it is mended")
  func refused() async throws {
    try give(.owner, "one")
    try give(.member, "bad")
    try await withDaemon(accepting: ["one", "two", "common"]) { proxy, _ in
      for day in 1...5 {
        try machine.drop(rating("hard", day: day + 10), of: Person.member.user)
        try machine.drop(rating("easy", day: day), of: Person.owner.user)
        try machine.drop(rating("perfect", day: day + 20))
      }
      try await eventually("the others' are delivered") { try machine.pending() == 5 && machine.rows().count == 10 }
      try await eventually("the service says who waits") {
        machine.notifications.received.contains { $0.contains("; held: what uid \(Person.member.user) dropped (401: ") }
      }
      #expect(tokens(proxy, days: 11...15) == ["bad"])
      try await tell()
      try give(.member, "two")
      try await eventually("everything is delivered") { try machine.isDone() && machine.rows().count == 15 }
      #expect(tokens(proxy, days: 11...15) == ["bad", "two"])
    }
    let log = try machine.daemonLog
    #expect(log.ranges(of: "What uid \(Person.member.user) dropped is held").count == 1)
    #expect(log.ranges(of: "A person is needed: what uid \(Person.member.user) dropped waits, as the API answers 401").count == 1)
    #expect(log.contains("put a valid token into \(tokens.path)/token_\(Person.member.user); it is taken over at once"))
    #expect(log.contains("No person is needed any more: nothing that uid \(Person.member.user) dropped is held any more"))
    #expect(!log.contains("does not accept us") && !log.contains("Sync failed"))
  }

  /// What each of them is told while `member` is held.
  private func tell() async throws {
    let held = "what uid \(Person.member.user) dropped is held"
    for (person, isTold) in [(Person.root, true), (.member, true), (.owner, false)] {
      let status = try await machine.progressctl(as: person, "status")
      #expect(status.words.contains(held) == isTold, "\(status.words)")
      #expect(status.words.contains("tokens/token_\(Person.member.user)") == isTold)
    }
    let json = try await machine.progressctl(as: .member, "status", "--json")
    #expect(json.words.contains("\"uid\":\(Person.member.user)") && !json.words.contains("\"uid\":\(Person.owner.user)"))
    let queue = try await machine.progressctl(as: .member, "queue")
    #expect(queue.words.contains("  held  "), "\(queue.words)")
    let wait = try await machine.progressctl(as: .member, "rate", "p1", "1", "16", "easy", "--wait=synced", "--timeout=1s")
    #expect(wait.status == EX_TEMPFAIL && wait.words.contains(held), "\(wait.words)")
    _ = try await machine.progressctl(as: .member, "discard", "intensity-p1-1-16")
    let metrics = try await machine.metrics()
    #expect(metrics.value("progress_sync_accounts", ["state": "held"]) == 1)
    #expect(metrics.value("progress_sync_accounts", ["state": "open"]) == 1)
    let doctor = try await machine.progressctl(as: .root, "doctor")
    #expect(doctor.status == 1 && doctor.words.contains("the API refuses the token of uid \(Person.member.user) with status 401"))
  }

  private func giveTraveller(_ token: String) throws {
    try Data("\(token)\n".utf8).write(to: tokens.appending(path: "token_\(OddUserDatabase.name)"))
  }

  @Test(
    "keep nobody waiting while the system does not say who they are, and are served as soon as it does",
    .enabled(if: FailingDisk.isPossible, "needs a C compiler"))
  func silentSystem() async throws {
    let users = try OddUserDatabase(in: machine.directory, of: Person.owner.user)
    try giveTraveller("one")
    try users.begin(.hangs)
    let environment = users.environment.merging(["WATCHDOG_USEC": "400000"]) { $1 }
    try await withDaemon(accepting: ["one", "common"], environment: environment) { proxy, _ in
      let name = OddUserDatabase.name
      #expect(try machine.daemonLog.contains("tokens/token_\(name): the system does not say which user that is; "))
      try machine.drop(rating("perfect", day: 21), of: Person.member.user)
      try await eventually("others are served") { try machine.rows().count == 1 }
      let fed = machine.notifications.received.count { $0 == "WATCHDOG=1" }
      try await eventually("the watchdog is fed") { machine.notifications.received.count { $0 == "WATCHDOG=1" } > fed + 3 }
      #expect(try await machine.progressctl("status").status == 0)
      // Nor does the end wait for an answer.
      try await machine.stopDaemon()
      try await machine.startDaemon(environment: environment)
      try users.end(.hangs)
      try await eventually("it is said who it is") { try machine.daemonLog.contains("Own tokens are there now for \(name)") }
      try machine.drop(rating("easy", day: 1), of: Person.owner.user)
      try await eventually("everything is delivered") { try machine.isDone() && machine.rows().count == 2 }
      #expect(tokens(proxy, days: 1...1) == ["one"] && tokens(proxy, days: 21...21) == ["common"])
    }
  }

  @Test(
    "are called by their numbers while the system does not say their names, and nobody waits for those",
    .enabled(if: FailingDisk.isPossible, "needs a C compiler"))
  func silentAboutNames() async throws {
    let users = try OddUserDatabase(in: machine.directory, of: Person.owner.user)
    try give(.owner, "bad")
    try users.begin(.hangs)
    try await withDaemon(accepting: ["common"], environment: users.environment) { _, _ in
      try machine.drop(rating("easy", day: 1), of: Person.owner.user)
      try await eventually("it is held") { try machine.daemonLog.contains("What uid \(Person.owner.user) dropped is held (401") }
      try machine.drop(rating("perfect", day: 21))
      try await eventually("others are served") { try machine.rows().count == 1 }
      try await eventually("the service says who waits") { machine.notifications.received.contains { $0.contains("dropped (401") } }
      let first = try await machine.progressctl(as: .root, "status", "--json")
      #expect(first.words.contains("\"uid\":\(Person.owner.user)") && !first.words.contains(OddUserDatabase.name), "\(first.words)")
      try users.end(.hangs)
      try await eventually("his name is known") {
        try await machine.progressctl(as: .root, "status", "--json").words.contains("\"user\":\"\(OddUserDatabase.name)\"")
      }
    }
  }

  @Test(
    "are looked for again when something is dropped, where the system did not know them: the first of it is theirs",
    .enabled(if: FailingDisk.isPossible, "needs a C compiler"))
  func lateUser() async throws {
    let users = try OddUserDatabase(in: machine.directory, of: Person.owner.user)
    try giveTraveller("one")
    try users.begin(.forgets)
    try await withDaemon(accepting: ["one", "common"], debounce: "2s", environment: users.environment) { proxy, _ in
      #expect(try machine.daemonLog.contains("token_\(OddUserDatabase.name): the system knows no such user; the file is left alone"))
      // By its delivery the tokens have been read for the last time that a start does it.
      try machine.drop(rating("perfect", day: 21), of: Person.member.user)
      try await eventually("others are served") { try machine.rows().count == 1 }
      try users.end(.forgets)
      // For so long it is believed that there is no such user.
      try await Task.sleep(for: .seconds(1))
      try machine.drop(rating("easy", day: 1), of: Person.owner.user)
      try await eventually("it is delivered") { try machine.isDone() && machine.rows().count == 2 }
      #expect(tokens(proxy, days: 1...1) == ["one"])
    }
  }

  @Test("are never served with the common one when theirs is taken away, and are again with a new one")
  func removed() async throws {
    try give(.owner, "one")
    try await withDaemon(accepting: ["common"]) { proxy, accepted in
      for day in 1...5 { try machine.drop(rating("easy", day: day), of: Person.owner.user) }
      try await eventually("it is held") { try machine.daemonLog.contains("What uid \(Person.owner.user) dropped is held (401") }
      try give(.owner, nil)
      try await eventually("that it is gone is noticed") {
        try machine.daemonLog.contains("Own tokens are gone, and what waits for them stays")
      }
      try #require(machine.daemon).send(SIGUSR1)
      try machine.drop(rating("perfect", day: 21))
      try await eventually("others are served, and he waits") { try machine.rows().count == 1 && machine.pending() == 5 }
      #expect(tokens(proxy, days: 1...5) == ["one"])
      try await machine.stopDaemon()
      try await machine.startDaemon()
      try machine.drop(rating("perfect", day: 22))
      try await eventually("after a restart, too") { try machine.rows().count == 2 && machine.pending() == 5 }
      let words = "What uid \(Person.owner.user) dropped is held (there is no token for the user): 5 entries wait for a valid token"
      #expect(try machine.daemonLog.contains(words))
      try machine.drop(rating("hard", day: 1), of: Person.owner.user)
      try machine.drop(rating("easy", day: 6), of: Person.owner.user)
      try await eventually("what he drops meanwhile waits with it") { try machine.pending() == 6 }
      try machine.drop(rating("perfect", day: 23))
      try await eventually("and with nothing else") { try machine.rows().count == 3 }
      accepted.add("new")
      try give(.owner, "new")
      try await eventually("everything is delivered") { try machine.isDone() && machine.rows().count == 9 }
      #expect(tokens(proxy, days: 1...6) == ["one", "new"])
    }
  }

  @Test("whose file holds none wait for one, and stop nobody else, nor the start")
  func unusable() async throws {
    try give(.owner, "")
    try give(.member, "two")
    try Data("x".utf8).write(to: tokens.appending(path: "token_no such user"))
    try await withDaemon(accepting: ["one", "two", "common"]) { proxy, _ in
      try machine.drop(rating("easy", day: 1), of: Person.owner.user)
      try machine.drop(rating("hard", day: 11), of: Person.member.user)
      try await eventually("the other's is delivered") { try machine.rows().count == 1 }
      try await eventually("it is held for what it is") { try await heldCause() == "unusable" }
      let status = try await machine.progressctl(as: .owner, "status")
      #expect(status.words.contains("1 entry (\(tokens.path)/token_\(Person.owner.user) is empty)"), "\(status.words)")
      #expect(tokens(proxy, days: 1...1) == [])
      try give(.owner, "one")
      try await eventually("it is delivered, too") { try machine.isDone() && machine.rows().count == 2 }
      #expect(tokens(proxy, days: 1...1) == ["one"])
      // One that is spoilt again leaves the good one in force.
      try give(.owner, "")
      try await eventually("that is said") {
        try machine.daemonLog.ranges(of: "token_\(Person.owner.user) is empty; what uid \(Person.owner.user) drops waits").count == 2
      }
      try machine.drop(rating("easy", day: 2), of: Person.owner.user)
      try await eventually("it is delivered, too") { try machine.isDone() && machine.rows().count == 3 }
    }
    let log = try machine.daemonLog
    #expect(log.ranges(of: "the system knows no such user; the file is left alone").count == 1)
    let file = "\(tokens.path)/token_\(Person.owner.user)"
    #expect(log.contains("What uid \(Person.owner.user) dropped is held (\(file) is empty): 1 entry waits for a valid token of this user"))
    #expect(log.contains("A person is needed: what uid \(Person.owner.user) dropped waits, as \(file) is empty; nothing is lost"))
    #expect(!log.contains("401"))
  }
}

extension UserTokenTests {
  /// What the owner's account is held for, as scripts see it.
  private func heldCause() async throws -> String? {
    let status = try await machine.progressctl(as: .owner, "status", "--json").words
    return ["missing", "unusable", "refused"].first { status.contains("\"cause\":\"\($0)\"") }
  }
}

/// The tokens that an API accepts.
private final class Accepted: Sendable {
  private let tokens: Mutex<Set<String>>

  init(_ tokens: Set<String>) {
    self.tokens = Mutex(tokens)
  }

  func has(_ token: String?) -> Bool { tokens.withLock { token.map($0.contains) ?? false } }

  func add(_ token: String) {
    tokens.withLock { _ = $0.insert(token) }
  }
}
