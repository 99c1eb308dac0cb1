import ProgressModel
import TestSupport
import Testing

@Suite("A timestamp")
struct TimestampTests {
  @Test(
    "reads RFC 3339 instants",
    arguments: [
      ("1970-01-01T00:00:00Z", 0),
      ("2026-01-28T15:30:00Z", 1_769_614_200_000),
      ("2026-01-28t15:30:00z", 1_769_614_200_000),
      ("2026-01-28 15:30:00Z", 1_769_614_200_000),
      ("2026-01-28T16:30:00+01:00", 1_769_614_200_000),
      ("2026-01-28T07:00:00-08:30", 1_769_614_200_000),
      ("2026-01-29T15:29:00+23:59", 1_769_614_200_000),
      ("2026-01-28T15:30:00-00:00", 1_769_614_200_000),
      ("2026-01-28T15:30:00.1Z", 1_769_614_200_100),
      ("2026-01-28T15:30:00.0019999999999999999999999999Z", 1_769_614_200_001),
      ("1990-12-31T23:59:60Z", 662_688_000_000),
      ("1990-12-31T15:59:60.5-08:00", 662_688_000_500),
      ("1969-12-31T23:59:59.999Z", -1),
      ("1969-12-31T23:59:59Z", -1000),
      ("1900-03-01T00:00:00Z", -2_203_891_200_000),
      ("2000-02-29T00:00:00Z", 951_782_400_000),
      ("0001-01-01T00:00:00Z", -62_135_596_800_000),
      ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ] as [(String, Int64)])
  func reads(text: String, milliseconds: Int64) {
    #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
  }

  @Test(
    "refuses what is no instant, or none with a zone",
    arguments: [
      "", "Z", "now", "1769614200", "2026-01-28", "2026-01-28T15:30:00", "2026-01-28T15:30Z", "2026-01-28T15Z",
      "2026-1-28T15:30:00Z", "2026-01-28T1:30:00Z", "26-01-28T15:30:00Z", "+2026-01-28T15:30:00Z", "02026-01-28T15:30:00Z",
      "2026-01-28T24:00:00Z", "2026-01-28T15:60:00Z", "2026-01-28T15:30:61Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
      "2026-02-29T00:00:00Z", "2026-02-00T00:00:00Z", "0000-01-01T00:00:00Z",
      "2026-01-28T15:30:00.Z", "2026-01-28T15:30:00,5Z", "2026-01-28T15:30:00. 5Z", "2026-01-28T15:30:00.-5Z",
      "2026-01-28T15:30:00+1:00", "2026-01-28T15:30:00+0100", "2026-01-28T15:30:00+01", "2026-01-28T15:30:00+24:00",
      "2026-01-28T15:30:00+01:60", "2026-01-28T15:30:00ZZ", "2026-01-28T15:30:00Z ", " 2026-01-28T15:30:00Z", "2026-01-28T15:30:00 Z",
      "2026-01-28T15:30:00Z\u{0}", "2026-01-28T15:30:00UTC", "2026‐01‐28T15:30:00Z", "２０２６-01-28T15:30:00Z", "2026-01-28_15:30:00Z",
      "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z",
    ])
  func refuses(text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  @Test(
    "is written in UTC, with milliseconds only when there are some",
    arguments: [
      (0, "1970-01-01T00:00:00"), (1, "1970-01-01T00:00:00.001"), (120, "1970-01-01T00:00:00.120"), (-1, "1969-12-31T23:59:59.999"),
      (-86_400_000, "1969-12-31T00:00:00"), (951_782_399_000, "2000-02-28T23:59:59"), (-62_135_596_800_000, "0001-01-01T00:00:00"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999"),
    ] as [(Int64, String)])
  func writes(milliseconds: Int64, naive: String) {
    let instant = Timestamp(milliseconds: milliseconds)
    #expect(instant.naive == naive)
    #expect(instant.rfc3339 == naive + "Z")
    #expect(instant.description == naive + "Z")
    #expect(Timestamp(rfc3339: naive + "Z") == instant)
  }

  @Test("survives being written and read, whatever it is")
  func roundTrip() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<2_000 {
      let instant = Timestamp(milliseconds: Int64.random(in: -62_135_596_800_000...253_402_300_799_999, using: &generator))
      #expect(Timestamp(rfc3339: instant.rfc3339) == instant, "seed \(seed)")
    }
  }

  @Test("moves by durations and measures them")
  func arithmetic() {
    let noon = Timestamp(milliseconds: 43_200_000)
    #expect((noon + .seconds(90)).rfc3339 == "1970-01-01T12:01:30Z")
    #expect((noon - .milliseconds(1)).rfc3339 == "1970-01-01T11:59:59.999Z")
    #expect(noon - (noon + .seconds(2)) == .seconds(-2))
    #expect(noon < noon + .milliseconds(1))
  }

  @Test(
    "counts durations in whole milliseconds, rounded towards zero",
    arguments: [
      (Duration.zero, 0), (.seconds(2), 2000), (.microseconds(1999), 1), (.microseconds(-1999), -1), (.milliseconds(-1500), -1500),
    ] as [(Duration, Int64)])
  func milliseconds(duration: Duration, milliseconds: Int64) {
    #expect(duration.inMilliseconds == milliseconds)
  }

  @Test("reads the date of an HTTP header")
  func httpDate() {
    #expect(Timestamp(httpDate: "Sun, 06 Nov 1994 08:49:37 GMT")?.rfc3339 == "1994-11-06T08:49:37Z")
  }

  @Test(
    "refuses other dates in an HTTP header",
    arguments: [
      "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 nov 1994 08:49:37 GMT",
      "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37+01:00 GMT",
      "Sun 06 Nov 1994 08:49:37 GMT",
      "06 Nov 1994 08:49:37 GMT", "120",
    ])
  func refusesHTTPDate(text: String) {
    #expect(Timestamp(httpDate: text) == nil)
  }
}
