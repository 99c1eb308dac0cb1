import ProgressModel
import TestSupport
import Testing

@Suite("A calendar date")
struct CalendarDateTests {
  @Test("is read and written as year, month and day", arguments: ["2026-01-28", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"])
  func reads(text: String) {
    #expect(CalendarDate(text)?.description == text)
  }

  @Test(
    "is refused when it is no day or is spelled otherwise",
    arguments: [
      "", "2026", "2026-01", "2026-01-32", "2026-00-10", "2026-13-10", "2026-04-31", "2026-02-29", "1900-02-29", "2100-02-29", "0000-01-01",
      "2026-1-28", "26-01-28", "20260128", "2026/01/28", "28.01.2026", "2026-01-28 ", " 2026-01-28", "2026-01-28T", "-2026-01-28",
      "12026-01-28", "2026-01-28\u{0}", "2026-W05-3",
    ])
  func refuses(text: String) {
    #expect(CalendarDate(text) == nil)
  }

  @Test("agrees with counting day by day through four centuries")
  func agreesWithCounting() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    var day = Day(year: Int.random(in: 1...9590, using: &generator), month: 1, date: 1)
    for _ in 0..<400 * 365 {
      let next = day.next()
      if next.date == 1 || Int.random(in: 0..<50, using: &generator) == 0 {
        try #require(try next.daysSinceEpoch() == day.daysSinceEpoch() + 1, "seed \(seed): the day after \(day.text)")
        let midnight = Timestamp(milliseconds: try Int64(next.daysSinceEpoch()) * 86_400_000)
        try #require(midnight.naive == next.text + "T00:00:00", "seed \(seed)")
      }
      day = next
    }
  }

  @Test("counts days from the first of 1970")
  func epoch() throws {
    #expect(try Day(year: 1970, month: 1, date: 1).daysSinceEpoch() == 0)
    #expect(try Day(year: 1969, month: 12, date: 31).daysSinceEpoch() == -1)
    #expect(try Day(year: 2000, month: 3, date: 1).daysSinceEpoch() == 11_017)
  }
}

/// The slow way: one day after the other, by the rules that children learn.
private struct Day {
  var year: Int
  var month: Int
  var date: Int

  init(year: Int, month: Int, date: Int) {
    (self.year, self.month, self.date) = (year, month, date)
  }

  var text: String {
    [(year, 4), (month, 2), (date, 2)].map { String(repeating: "0", count: $1 - String($0).count) + String($0) }.joined(separator: "-")
  }

  func next() -> Day {
    let leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
    let length = month == 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    var next = self
    next.date += 1
    if next.date > length { (next.date, next.month) = (1, month + 1) }
    if next.month > 12 { (next.month, next.year) = (1, year + 1) }
    return next
  }

  /// What the code under test says.
  func daysSinceEpoch() throws -> Int {
    Int(try #require(Timestamp(rfc3339: text + "T00:00:00Z")).milliseconds / 86_400_000)
  }
}
