import ProgressModel
import Testing

@Suite("A key is read back from its spelling")
struct WriteKeySpellingTests {
  private static func key(_ program: String, _ week: Int, _ day: Int, _ field: Field) throws -> WriteKey {
    let program = try #require(ProgramID(program))
    return WriteKey(session: try #require(Session(program: program, week: week, day: day)), field: field)
  }

  @Test(
    "whatever hyphens are in it",
    arguments: [
      ("p1", 1, 3, Field.completion), ("a-1-2", 3, 4, .intensity), ("-", 1, 1, .schedule), ("p", 1_000, 1, .exercise(id: "squat")),
      ("p-1", 2, 3, .exercise(id: "x")), ("p", 1, 2, .exercise(id: "3-x")), ("p", 1, 2, .exercise(id: "-")),
      ("p", 1, 2, .exercise(id: "é 1-2")),
    ])
  func roundTrip(program: String, week: Int, day: Int, field: Field) throws {
    let key = try Self.key(program, week, day, field)
    let read = WriteKey.spelled("\(key)")
    #expect(read.contains(key))
    #expect(read.allSatisfy { "\($0)" == "\(key)" })
  }

  @Test("as all the keys that are spelled so")
  func ambiguous() throws {
    let both = [try Self.key("p", 1, 2, .exercise(id: "3-x")), try Self.key("p-1", 2, 3, .exercise(id: "x"))]
    #expect(Set(WriteKey.spelled("exercise-p-1-2-3-x")) == Set(both))
  }

  @Test(
    "and nothing else is one",
    arguments: [
      "", "-", "complete", "complete-p1", "complete-p1-1", "complete--1-1", "complete-p1-01-1", "complete-p1-0-1", "complete-p1-1-1001",
      "complete-p 1-1-1", "Complete-p1-1-1", "exercise-p1-1-1", "exercise-p1-1-1-", "row 7", "completion-p1-1-1", "complete-p1-+1-1",
    ])
  func nothing(text: String) {
    #expect(WriteKey.spelled(text).isEmpty)
  }
}
