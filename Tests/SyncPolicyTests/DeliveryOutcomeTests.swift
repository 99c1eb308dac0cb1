import Foundation
import ProgressModel
import SyncPolicy
import Testing

@Suite("What an answer means")
struct DeliveryOutcomeTests {
  private static let now = Timestamp(milliseconds: 784_111_777_000)  // Sun, 06 Nov 1994 08:49:37 GMT

  @Test("delivered: every 2xx, whatever it says", arguments: [200, 201, 202, 204, 299])
  func delivered(status: Int) throws {
    #expect(try outcome(status, body: "") == .delivered)
    #expect(try outcome(status, body: #"{"success":true}"#) == .delivered)
    #expect(try outcome(status, body: "", alsoRetry: [status]) == .delivered)
  }

  @Test("delivered: an uncomplete of what was never written, even where 404 is retried")
  func nothingToUndo() throws {
    let body = #"{"detail":"No progress log found for this session"}"#
    #expect(try outcome(404, body: body, change: .uncomplete) == .delivered)
    #expect(try outcome(404, body: body, change: .uncomplete, alsoRetry: [404]) == .delivered)
    #expect(try outcome(404, body: body) == .rejected(status: 404, reason: "No progress log found for this session"))
  }

  @Test(
    "deferred: passing trouble",
    arguments: [
      (408, "", "408"), (425, "", "425"), (500, "Internal Server Error", "500"),
      (501, #"{"detail":"soon"}"#, "501: soon"), (503, #"{"detail":"maintenance"}"#, "503: maintenance"),
      (599, "", "599"),
    ] as [(Int, String, String)])
  func deferred(status: Int, body: String, reason: String) throws {
    #expect(try outcome(status, body: body) == .deferred(status: status, reason: reason))
  }

  @Test("throttled: too many requests, whether it says for how long or not")
  func throttled() throws {
    #expect(
      try outcome(429, body: #"{"detail":"slow down"}"#) == .throttled(status: 429, reason: "429: slow down", retryAfter: nil))
    #expect(try outcome(429, body: "", retryAfter: "soon") == .throttled(status: 429, reason: "429", retryAfter: nil))
    for status in [408, 425, 429, 500, 503] {
      #expect(try outcome(status, body: "", retryAfter: "7") == .throttled(status: status, reason: "\(status)", retryAfter: .seconds(7)))
    }
  }

  @Test("unreachable: a success whose JSON does not end", arguments: ["{\"success\": fal", "[1,2", " {", "{}x"])
  func cutShort(body: String) throws {
    #expect(try outcome(200, body: body) == .unreachable(reason: "200: the answer was cut short"))
    #expect(try outcome(200, body: "{}\n") == .delivered)
  }

  @Test("deferred: a success that says of itself that it is none")
  func denied() throws {
    #expect(
      try outcome(200, body: #"{"success":false,"message":"not today"}"#) == .deferred(status: 200, reason: "200: not today"))
    let bulk = ProgressCall.bulkSync(try #require(ProgramID("p1")), [try update(.uncomplete), try update(.uncomplete)])
    for (count, outcome) in [(1, DeliveryOutcome.deferred(status: 200, reason: "200")), (2, .delivered)] {
      let answer = HTTPAnswer(status: 200, body: Array(#"{"success":true,"synced_count":\#(count)}"#.utf8))
      #expect(DeliveryOutcome(of: answer, to: bulk, alsoRetry: [], now: Self.now) == outcome)
    }
  }

  @Test("deferred: what the operator says, before anything but a delivery", arguments: [400, 401, 404, 409, 422, 302])
  func alsoRetry(status: Int) throws {
    #expect(
      try outcome(status, body: #"{"detail":"busy"}"#, alsoRetry: [status])
        == .deferred(status: status, reason: "\(status): busy"))
    #expect(try outcome(status, body: #"{"detail":"busy"}"#) != .deferred(status: status, reason: "\(status): busy"))
  }

  @Test(
    "throttled: for as long as the API wishes, a day at most; deferred where it is not clear what it wishes",
    arguments: [
      ("0", .zero), ("120", .seconds(120)), ("99999999", .seconds(86_400)), ("-1", nil), ("1.5", nil), ("soon", nil), ("", nil),
      ("99999999999999999999", .seconds(86_400)), ("9999999999999999999a", nil),
      ("Sun, 06 Nov 1994 08:50:37 GMT", .seconds(60)), ("Sun, 06 Nov 1994 08:49:00 GMT", .zero),
      ("Fri, 31 Dec 9999 23:59:59 GMT", .seconds(86_400)),
    ] as [(String, Duration?)])
  func retryAfter(header: String, duration: Duration?) throws {
    func wish(_ status: Int) -> DeliveryOutcome {
      duration.map { .throttled(status: status, reason: "\(status)", retryAfter: $0) } ?? .deferred(status: status, reason: "\(status)")
    }
    #expect(try outcome(503, body: "", retryAfter: header) == wish(503))
    #expect(try outcome(409, body: "", retryAfter: header, alsoRetry: [409]) == wish(409))
  }

  @Test("unreachable: a web page where JSON belongs", arguments: ["text/html", "text/html; charset=utf-8", "Text/HTML"])
  func captivePortal(contentType: String) throws {
    let reason = "200: a web page instead of JSON; is api.base_url right, is a login page in between?"
    #expect(try outcome(200, body: "<html>", contentType: contentType) == .unreachable(reason: reason))
    #expect(try outcome(200, body: "{}", contentType: "application/json") == .delivered)
  }

  @Test("unreachable: a gateway that got no answer", arguments: [502, 504])
  func gateway(status: Int) throws {
    #expect(try outcome(status, body: "<html>") == .unreachable(reason: "\(status)"))
    #expect(try outcome(status, body: "", alsoRetry: [status]) == .deferred(status: status, reason: "\(status)"))
  }

  @Test("unreachable: a redirect", arguments: [300, 301, 302, 307, 308])
  func redirect(status: Int) throws {
    #expect(try outcome(status, body: "") == .unreachable(reason: "\(status): the API redirects; set api.base_url to where it is"))
  }

  @Test(
    "unreachable: a refusal that is not the API's, so that a mistyped address fails nothing",
    arguments: [
      (404, "<html>404 Not Found</html>"), (404, #"{"detail":"Not Found"}"#), (404, ""),
      (400, "<html>The plain HTTP request was sent to HTTPS port</html>"), (405, #"{"detail":"Method Not Allowed"}"#),
    ] as [(Int, String)])
  func foreign(status: Int, body: String) throws {
    #expect(
      try outcome(status, body: body) == .unreachable(reason: "\(status): no progress API answers here; is api.base_url right?"))
  }

  @Test("unauthorized: the API does not know us", arguments: [401, 403])
  func unauthorized(status: Int) throws {
    #expect(try outcome(status, body: "") == .unauthorized(status: status, reason: "the API does not accept the token"))
    #expect(try outcome(status, body: #"{"detail":"token expired"}"#) == .unauthorized(status: status, reason: "token expired"))
  }

  @Test(
    "unsupported: a call that not every API has",
    arguments: [
      (404, #"{"detail":"Not Found"}"#), (404, ""),
      (405, #"{"detail":"Method Not Allowed"}"#), (501, ""),
    ] as [(Int, String)])
  func unsupported(status: Int, body: String) throws {
    let log = try #require(ExerciseLog(fields: ["exercise_id": .string("squat")]))
    #expect(try outcome(status, body: body, change: .exercise(log)) == .unsupported(reason: "the API has no exercises"))
    let unknownProgram = try outcome(404, body: #"{"detail":"Program not found"}"#, change: .exercise(log))
    #expect(unknownProgram == .rejected(status: 404, reason: "Program not found"))
  }

  @Test(
    "rejected: every other refusal, in the API's words",
    arguments: [
      (404, #"{"detail":"Program not found"}"#, "Program not found"),
      (400, #"{"detail":"There was an error parsing the body"}"#, "There was an error parsing the body"),
      (400, #"{"error":"?"}"#, "status 400, no reason given"),
      (409, "", "status 409, no reason given"),
      (413, "too large", "status 413, no reason given"),
      (
        422,
        #"{"detail":[{"type":"x","loc":["body","week_number"],"msg":"too small","input":0},{"loc":["body",3],"msg":"odd"},{"msg":"bad"},7]}"#,
        "body.week_number: too small; body.3: odd; bad"
      ),
      (422, #"{"detail":[]}"#, "status 422, no reason given"),
      (422, #"{"detail":{"code":7}}"#, #"{"code":7}"#),
      (422, #"{"detail":"a\nb\u001b[31m"}"#, "a b [31m"),
      (422, #"{"detail":""}"#, "status 422, no reason given"),
      (422, #"["detail"]"#, "status 422, no reason given"),
      (422, "{\"detail\":\"\(String(repeating: "x", count: 300))\"}", String(repeating: "x", count: 200) + "…"),
    ] as [(Int, String, String)])
  func rejected(status: Int, body: String, reason: String) throws {
    #expect(try outcome(status, body: body) == .rejected(status: status, reason: reason))
  }

  @Test("a bulk-sync that the API lacks is unsupported, a refused one rejected")
  func bulk() throws {
    let call = ProgressCall.bulkSync(try #require(ProgramID("p1")), [try update(.uncomplete)])
    func outcome(_ status: Int, _ body: String) -> DeliveryOutcome {
      DeliveryOutcome(of: HTTPAnswer(status: status, body: Array(body.utf8)), to: call, alsoRetry: [], now: Self.now)
    }
    #expect(outcome(404, #"{"detail":"Not Found"}"#) == .unsupported(reason: "the API has no bulk-sync"))
    #expect(outcome(404, #"{"detail":"Program not found"}"#) == .rejected(status: 404, reason: "Program not found"))
    #expect(outcome(422, #"{"detail":"odd"}"#) == .rejected(status: 422, reason: "odd"))
  }

  @Test("the document for operators prints the table that decides")
  func documented() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "docs/DELIVERY.md"), encoding: .utf8)
    #expect(text.contains(FailureModel.markdown), "docs/DELIVERY.md should hold:\n\(FailureModel.markdown)")
  }

  private func update(_ change: SessionUpdate.Change) throws -> SessionUpdate {
    let session = try #require(ProgramID("p1").flatMap { Session(program: $0, week: 1, day: 3) })
    return SessionUpdate(session: session, change: change, recordedAt: Self.now)
  }

  private func outcome(
    _ status: Int, body: String, contentType: String? = nil, retryAfter: String? = nil,
    change: SessionUpdate.Change = .intensity(.easy), alsoRetry: Set<Int> = []
  ) throws -> DeliveryOutcome {
    let answer = HTTPAnswer(status: status, body: Array(body.utf8), contentType: contentType, retryAfter: retryAfter)
    return DeliveryOutcome(of: answer, to: .single(try update(change)), alsoRetry: alsoRetry, now: Self.now)
  }
}
