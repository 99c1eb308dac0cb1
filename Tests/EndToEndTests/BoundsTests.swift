import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Nobody fills the queue of all")
struct BoundsTests {
  private let machine: Workstation

  init() throws {
    machine = try Workstation()
  }

  private func status() async throws -> String {
    let (status, words) = try await machine.progressctl("status")
    #expect(status == 0, "\(words)")
    return words
  }

  @Test("what is beyond a bound waits in incoming/, over a kill, and goes in after a delivery")
  func keys() async throws {
    machine.proxyPort = 9  // Where nobody answers.
    try machine.configure("limits.keys_per_user: 5\nretry: {backoff: [100ms], parked_initial: 200ms, parked_max: 200ms}")
    try await machine.startDaemon()
    for day in 1...6 { try machine.drop(rating("easy", day: day)) }
    try await eventually("five are taken in") { try machine.pending() == 5 }
    try await eventually("the status says who is at a bound") {
      try await status().contains("has reached the bound of 5 entries of the queue (limits.keys_per_user)")
    }
    #expect(try machine.files(in: "incoming") == ["000006.json"])
    #expect(try machine.daemonLog.contains("has reached the bound of 5 entries"))
    let waited = try await machine.progressctl("rate", "p1", "1", "7", "easy", "--wait", "--timeout", "5s")
    let lines = waited.words.split(separator: "\n")
    #expect(waited.status == 75 && lines.count == 2, "\(waited)")
    #expect(lines.allSatisfy { $0.contains("waits in the spool") && $0.contains("has reached the bound of 5 entries") }, "\(waited)")
    #expect(lines.allSatisfy { $0.contains("further files stay in incoming/ until ") }, "\(waited)")
    try FileManager.default.removeItem(at: machine.incoming.appending(path: try #require(machine.files(in: "incoming").last)))
    try await machine.killDaemon()
    machine.proxyPort = nil
    try await machine.startAPI()
    try machine.configure("limits.keys_per_user: 5")
    try await machine.startDaemon()
    try await eventually("all six arrive") { try machine.rows().count == 6 && machine.isDone() }
    try await eventually("it is over") { try await !status().contains("bound of") }
    try await machine.stopDaemon()
  }

  @Test("a client that drops rubbish is held at the bound of rejected files, until somebody makes room")
  func rubbish() async throws {
    try await machine.startAPI()
    try machine.configure("limits.files_per_user: 3")
    try await machine.startDaemon()
    for _ in 0..<8 { try machine.drop("rubbish") }
    try await eventually("three are rejected, and it is said") {
      try machine.files(in: "rejected").count == 6
        && machine.daemonLog.contains("A person is needed: user \(geteuid()) has 3 rejected files")
    }
    #expect(try machine.files(in: "incoming").count == 5)
    try machine.drop(action("complete"))
    for left in [3, 0] {
      #expect(try await machine.progressctl("rejected", "discard", "--all", "--yes").status == 0)
      try await eventually("what there is room for goes on at once") {
        try machine.files(in: "incoming").count == left
      }
    }
    try await eventually("the good one has arrived") { try machine.rows() == ["1-3 done"] }
    try await machine.stopDaemon()
  }

  @Test("a flood of one user delays another's file by no more than a turn or two", .enabled(if: Person.arePossible, "takes root"))
  func flood() async throws {
    try machine.configure()
    machine.proxyPort = 9
    try await machine.startSharedDaemon()
    try await machine.killDaemon()
    let (count, bob) = (20_000, Person.owner.user)
    for number in 0..<count {
      let path = machine.incoming.appending(path: "flood-\(100_000 + number).json").path
      let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
      let text = rating("hard", day: 1 + number % 50)
      try #require(write(file, text, text.utf8.count) == text.utf8.count && fchown(file, bob, bob) == 0)
      close(file)
    }
    try await machine.startDaemon()
    try await machine.drop(action("uncomplete", day: 7), named: "one.json", as: .member)
    let before = try machine.acceptedWrites()
    try await eventually("the other's file is taken in") {
      try machine.sequences(of: Person.member.user).count == 1
    }
    let place = try #require(try machine.sequences(of: Person.member.user).first)
    #expect(place - before < count / 4, "of \(count) files \(before) were taken in when it came, and \(place) when it was")
    try await eventually("all of the flood is taken in, too", within: .seconds(300)) { try machine.files(in: "incoming").isEmpty }
    try await machine.killDaemon()
  }
}
