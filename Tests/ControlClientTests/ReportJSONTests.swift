import ControlProtocol
import ProgressModel
import Testing

@Suite("Reports for scripts")
struct ReportJSONTests {
  @Test("the queue's shape is the one that scripts rely on")
  func queue() {
    let waiting = QueueItem(
      key: "complete-p1-1-3", state: .waiting, attempts: 0, maximumAttempts: 3, acceptedAt: start, nextAttemptAt: start + .milliseconds(500)
    )
    let retrying = QueueItem(
      key: "exercise-p1-1-3-\"squat\"", state: .retrying, attempts: 1, maximumAttempts: 3, acceptedAt: start,
      nextAttemptAt: start + .seconds(1), lastError: "busy")
    let failed = QueueItem(
      key: "intensity-p1-1-3", state: .failed, attempts: 1, maximumAttempts: 3, acceptedAt: start, nextAttemptAt: nil, lastStatus: 422,
      lastError: "no")
    let expected =
      #"{"pending":2,"items":[{"accepted_at":"2026-01-28T15:30:00Z","attempts":0,"key":"complete-p1-1-3","last_error":null,"#
      + #""last_status":null,"max_attempts":3,"next_attempt_at":"2026-01-28T15:30:00.500Z","state":"waiting"},"#
      + #"{"accepted_at":"2026-01-28T15:30:00Z","attempts":1,"key":"exercise-p1-1-3-\"squat\"","last_error":"busy","last_status":null,"#
      + #""max_attempts":3,"next_attempt_at":"2026-01-28T15:30:01Z","state":"retrying"}],"#
      + #""failed":[{"accepted_at":"2026-01-28T15:30:00Z","attempts":1,"key":"intensity-p1-1-3","last_error":"no","last_status":422,"#
      + #""max_attempts":3,"next_attempt_at":null,"state":"failed"}]}"#
    #expect(json(QueueReport(items: [waiting, retrying], failed: [failed])) == expected)
    #expect(json(QueueReport()) == #"{"pending":0,"items":[],"failed":[]}"#)
  }

  private func json(_ report: QueueReport) -> String {
    var text = ""
    report.writeJSON { text += $0 }
    return text
  }

  @Test("the status says what is unknown by null, and never an age below zero")
  func status() {
    let report = StatusReport(
      daemon: .running(process: 7), waiting: 3, retrying: 2, parked: 1, failed: 4, oldestAcceptedAt: start, lastSyncedAt: start)
    #expect(
      report.json(now: start + .milliseconds(1500)).serialized
        == #"{"daemon":{"pid":7,"running":true},"failed":4,"last_synced_at":"2026-01-28T15:30:00Z","oldest_accepted_at":"#
        + #""2026-01-28T15:30:00Z","oldest_age_ms":1500,"parked":1,"pending":6,"retrying":2,"waiting":3}"#)
    #expect(
      StatusReport(daemon: .unknown).json(now: start).serialized
        == #"{"daemon":{"pid":null,"running":null},"failed":0,"last_synced_at":null,"oldest_accepted_at":null,"oldest_age_ms":null,"#
        + #""parked":0,"pending":0,"retrying":0,"waiting":0}"#)
    let backwards = StatusReport(daemon: .stopped, waiting: 1, oldestAcceptedAt: start + .seconds(5)).json(now: start).serialized
    #expect(backwards.contains(#""oldest_age_ms":0"#) && backwards.contains(#"{"pid":null,"running":false}"#))
  }
}
