import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Rubbish in incoming/ stops nothing")
struct RubbishTests {
  @Test("each piece is rejected with a reason or left alone, and what a link points to is not read")
  func rubbish() async throws {
    let machine = try Workstation()
    try await machine.startAPI()
    try machine.configure()
    try await machine.startDaemon()
    let secret = machine.directory.appending(path: "secret.json")
    try Data(rating("hard", day: 50).utf8).write(to: secret)
    func put(_ name: String, _ bytes: some Sequence<UInt8>) throws {
      try Data(bytes).write(to: machine.incoming.appending(path: name))
    }
    try put("empty.json", [])
    try put("half.json", Array(action("complete").utf8.dropLast(4)))
    try put("types.json", action("complete", "\"completed_at\":7").utf8)
    try put("unknown.json", action("complete", "\"colour\":\"red\"").utf8)
    try put("huge.json", Array(repeating: UInt8(ascii: " "), count: 1 << 20))
    try put("bytes.json", [0x7b, 0xff, 0xfe, 0x7d])
    try put("deep.json", Array(repeating: UInt8(ascii: "["), count: 40_000))
    try put("line\nbreak 🏋️.json", "[]".utf8)
    try put("notes.txt", "not ours".utf8)
    try FileManager.default.createSymbolicLink(at: machine.incoming.appending(path: "link.json"), withDestinationURL: secret)
    try FileManager.default.createDirectory(at: machine.incoming.appending(path: "folder.json"), withIntermediateDirectories: false)
    #expect(mkfifo(machine.incoming.appending(path: "fifo.json").path, 0o600) == 0)
    try machine.drop(action("complete"))

    try await eventually("the good one has arrived") { try machine.rows() == ["1-3 done"] }
    let rejected = [
      "bytes", "deep", "empty", "fifo", "half", "huge", "line\nbreak 🏋️", "link", "types", "unknown",
    ]
    try await eventually("the rest is rejected") {
      try Set(machine.files(in: "rejected")) == Set(rejected.flatMap { ["\($0).json", "\($0).json.reason"] })
    }
    #expect(try machine.files(in: "incoming") == ["folder.json", "notes.txt"])
    func reason(_ name: String) throws -> String {
      let text = try String(contentsOf: machine.directory.appending(path: "spool/rejected/\(name).json.reason"), encoding: .utf8)
      return String(text.prefix { $0 != "\n" })
    }
    #expect(try reason("types") == "completed_at: must be an RFC 3339 instant with a zone, such as 2026-01-28T15:30:00Z, is 7")
    #expect(try reason("unknown") == "colour: unknown field")
    #expect(try reason("link").contains("symbolic link"))
    for name in rejected { #expect(try !reason(name).isEmpty) }
    #expect(try machine.daemonLog.split(separator: "\n").allSatisfy { $0.first?.isNumber == true }, "a name forged a line")
    #expect(try machine.rows() == ["1-3 done"])
  }
}
