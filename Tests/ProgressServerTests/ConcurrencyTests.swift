import HummingbirdTesting
import TestSupport
import Testing

@Suite("Many at once") struct ConcurrencyTests {
  @Test("Parallel first writes to one session, through two servers on one file, make one log and no error")
  func parallelFirstWrites() async throws {
    try await withTemporaryDirectory { directory in
      let (one, two) = (try TestServer(directory: directory).application, try TestServer(directory: directory).application)
      try await one.test(.ahc()) { first in
        try await two.test(.ahc()) { second in
          #expect(try await first.send("PUT", "/api/programs/p1", samplePlan).status == 201)
          let calls = [
            ("complete", #"{"week_number":1,"day_number":1}"#),
            ("intensity", #"{"week_number":1,"day_number":1,"intensity_rating":"hard"}"#),
            ("schedule", #"{"week_number":1,"day_number":1,"scheduled_date":"2026-01-30"}"#),
            ("bulk-sync", #"[{"week_number":1,"day_number":1},{"week_number":1,"day_number":1}]"#),
          ]
          let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<80 {
              let client: any TestClientProtocol = index % 2 == 0 ? first : second
              group.addTask { try await client.post(calls[index / 2 % 4].0, calls[index / 2 % 4].1).status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
          }
          #expect(statuses == Array(repeating: 200, count: 80))
          let week = try await second.send("GET", "/api/progress/p1/week/1").body
          #expect(week.components(of: #""day_number":"#) == 1)
          #expect(week.contains(#""completed":true"#) && week.contains(#"{"intensityRating":"hard","scheduledDate":"2026-01-30"}"#))
        }
      }
    }
  }
}

extension String {
  fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
