import ProgressModel
import TestSupport
import Testing

@Suite("Whatever stands in an action file")
struct ActionFileRobustnessTests {
  private static let sample = Array(
    #"""
    [{"action":"complete","program_id":"p1","week_number":1,"day_number":3,"completed_at":"2026-01-28T15:30:00.25+01:00",
      "intensity_rating":"hard","scheduled_date":"2026-01-29","id":"a-1","recorded_at":"2026-01-28T15:30:00Z"},
     {"action":"exercise","program_id":"p1","week_number":1e2,"day_number":3.0,
      "exercise":{"exercise_id":"é\ud83d\ude00\n","sets":[{"reps":5,"weight":-102.50e-1},true,false,null]}}]
    """#.utf8)

  @Test("a part of a file is never taken for the whole")
  func truncations() throws {
    let lastByte = try #require(Self.sample.lastIndex(of: UInt8(ascii: "]")))
    for length in 0...lastByte {
      #expect(throws: ActionFileError.self) { try ActionFile.parse(Array(Self.sample[..<length])) }
    }
  }

  @Test("random changes give actions that survive a round trip, or a reason of bounded length on one line")
  func mutations() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    let spice = Array("{}[]\",:\\u0eE+-.9 \n\u{0}é".utf8) + [0x80, 0xff, 0xed, 0xa0]
    for _ in 0..<5_000 {
      var bytes = Self.sample
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0...2, using: &generator) {
        case 0: bytes[place] = spice.randomElement(using: &generator) ?? 0
        case 1: bytes.remove(at: place)
        default: bytes.insert(spice.randomElement(using: &generator) ?? 0, at: place)
        }
      }
      try check(bytes, seed: seed)
    }
  }

  @Test("random bytes give a reason")
  func noise() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<2_000 {
      try check((0..<Int.random(in: 0...64, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }, seed: seed)
    }
  }

  @Test(
    "64 KiB of malice is refused",
    arguments: [
      String(repeating: "[", count: 65_536),
      String(repeating: "{\"a\":", count: 13_107),
      "{\"action\":\"" + String(repeating: "\\u0000", count: 10_900) + "\"}",
      "{\"action\":\"" + String(repeating: "e\u{301}\u{302}\u{316}", count: 9_000) + "\"}",
      "{\"" + String(repeating: "\u{301}\u{316}", count: 16_000) + "\":1}",
      "{" + (0..<64).map { "\"\($0)" + String(repeating: "\u{301}\u{316}", count: 250) + "\":1" }.joined(separator: ",") + "}",
      "{\"week_number\":" + String(repeating: "9", count: 65_000) + "}",
      "{\"week_number\":0." + String(repeating: "0", count: 65_000) + "1}",
      "{" + (0..<7_000).map { "\"f\($0)\":0" }.joined(separator: ",") + "}",
      "[" + String(repeating: "{},", count: 999) + "{}]",
    ])
  func malice(text: String) throws {
    try check(Array(text.utf8), seed: 0)
    #expect(throws: ActionFileError.self) { try ActionFile.parse(Array(text.utf8)) }
  }

  private func check(_ bytes: [UInt8], seed: UInt64) throws {
    do throws(ActionFileError) {
      for action in try ActionFile.parse(bytes) {
        let again = try ActionFile.parse(ActionFile.serialize(action))
        #expect(again == [action], "seed \(seed)")
      }
    } catch {
      #expect((1...21).contains(error.problems.count), "seed \(seed)")
      #expect(error.description.utf8.count < 21 * 400, "seed \(seed)")
      #expect(!error.description.unicodeScalars.contains { $0.properties.generalCategory == .control }, "seed \(seed)")
    }
  }
}
