import HummingbirdTesting
import ProgressModel
import Testing

@Suite("Hostile input") struct HostileInputTests {
  /// Texts that have broken servers; none of them is a good value for any field.
  private static let values = [
    "null", "true", "-1", "1e400", "-0", "0.1", "123456789012345678901234567890", "1e-999999999999", #""""#, #""\u0000""#, #""\ud83d""#,
    #""2026-13-45""#, #""0000-00-00T00:00:00Z""#, #""2026-01-28T24:00:00Z""#, #""99999-01-01""#, #""'; DROP TABLE progress_logs; --""#,
    "[]", "{}", "[[[[[]]]]]", "NaN", "Infinity", "0x10", "01", "'1'", "\"\u{202E}\u{0}\"", "\"\u{7F}\"",
  ]

  @Test(
    "No value of any field is the server's fault",
    arguments: [
      ("complete", ["week_number", "day_number", "completed_at", "intensity_rating", "scheduled_date"]),
      ("uncomplete", ["week_number", "day_number", "intensity_rating"]), ("intensity", ["intensity_rating"]),
      ("schedule", ["scheduled_date"]), ("exercises", ["exercise"]),
    ])
  func fields(call: String, names: [String]) async throws {
    try await withServer { client in
      for name in names {
        for value in Self.values {
          var fields = ["week_number": "1", "day_number": "1", "intensity_rating": #""easy""#, "scheduled_date": #""2026-01-28""#]
          fields[name] = value
          let body = "{" + fields.map { #""\#($0)":\#($1)"# }.joined(separator: ",") + "}"
          let answer = try await client.post(call, body)
          #expect([200, 404, 422].contains(answer.status), "\(name): \(value): \(answer)")
          let bulk = try await client.post("bulk-sync", "[\(body)]")
          #expect([200, 422].contains(bulk.status), "\(name): \(value): \(bulk)")
        }
      }
      #expect(try await client.send("GET", "/api/progress/p1").status == 200)
    }
  }

  @Test(
    "Whatever a body holds, it is refused in the contract's shape",
    arguments: [
      Array("null".utf8), Array("7".utf8), Array(#""text""#.utf8), [0xff, 0xfe], [0xef, 0xbb, 0xbf, 0x7b, 0x7d], [0], Array("{".utf8),
      Array(#"{"week_number":1,"day_number":1}}"#.utf8), Array(#"{"a":""#.utf8) + [0xc3, 0x28] + Array(#""}"#.utf8),
      Array(String(repeating: "[", count: 100_000).utf8), Array(String(repeating: #"{"a":"#, count: 100_000).utf8), [0x1f, 0x8b, 0x08, 0],
    ] as [[UInt8]])
  func bodies(body: [UInt8]) async throws {
    try await withServer { client in
      for call in ["complete", "uncomplete", "intensity", "schedule", "exercises", "bulk-sync"] {
        let answer = try await client.send("POST", "/api/progress/p1/\(call)", bytes: body)
        #expect(answer.status == 422)
        #expect(answer.problems.count == 1)
      }
      #expect(try await client.send("PUT", "/api/programs/p2", bytes: body).status == 422)
    }
  }

  @Test("What the parser takes, the database keeps", arguments: values)
  func exerciseFields(value: String) async throws {
    try await withServer { client in
      let body = #"{"week_number":1,"day_number":1,"exercise":{"exercise_id":"squat","value":\#(value),"n\u0000é\"":[\#(value)]}}"#
      let isJSON = (try? JSONValue(parsing: Array(value.utf8))) != nil
      let answer = try await client.post("exercises", body)
      #expect(answer.status == (isJSON ? 200 : 422), "\(answer)")
      #expect(try await client.send("PUT", "/api/programs/p2", #"{"title":"T","weeks":[],"x":\#(value)}"#).status == (isJSON ? 201 : 422))
      #expect(try await client.send("GET", "/api/progress/p1").status == 200)
    }
  }

  @Test("A body of 1 MiB is read and one byte more is a 413, over a real socket", arguments: [(0, 422), (1, 413), (1_000_000, 413)])
  func size(excess: Int, status: Int) async throws {
    try await withServer(.live) { client in
      let answer = try await client.send("POST", "/api/progress/p1/complete", bytes: Array(repeating: 0x20, count: 1_048_576 + excess))
      #expect(answer.status == status)
      if status == 413 { expect(answer, 413, #"{"detail":"The body is larger than 1048576 bytes"}"#) }
      #expect(try await client.send("GET", "/health").status == 200)
    }
  }

  @Test("A session is written as deep as the parser reads")
  func depth() async throws {
    try await withServer { client in
      let nested = String(repeating: "[", count: 62) + String(repeating: "]", count: 62)
      let body = #"{"week_number":1,"day_number":1,"exercise":{"exercise_id":"squat","x":\#(nested)}}"#
      for _ in 1...3 { #expect(try await client.post("exercises", body).status == 200) }
      let progress = try await client.send("GET", "/api/progress/p1").body
      #expect(progress.contains(nested))
    }
  }
}
