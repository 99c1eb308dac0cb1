import AsyncHTTPClient
import Foundation
import GRDB
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

extension Workstation {
  var controlSocket: URL { directory.appending(path: "control.sock") }

  /// The page that the control socket gives, read strictly.
  func metrics() async throws -> ExpositionPage {
    let url = try #require(URL(httpURLWithSocketPath: controlSocket.path, uri: "/metrics"))
    let (status, _, text) = try await get(url.absoluteString)
    try #require(status == 200, "\(text)")
    return try ExpositionPage(text)
  }

  func get(_ url: String) async throws -> (status: UInt, type: String?, text: String) {
    let answer = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(120))
    let body = try await answer.body.collect(upTo: 1 << 20)
    return (answer.status.code, answer.headers.first(name: "content-type"), String(buffer: body))
  }

  /// A number as the page has it, by what it is called there.
  struct MetricName: Hashable {
    struct Label: Hashable {
      let name: String
      let value: String
    }

    let family: String
    var label: Label?
  }

  /// What the page should say of the queue and the spool, by the rows and the files themselves.
  func truth() throws -> [MetricName: Double] {
    var configuration = Configuration()
    configuration.readonly = true
    let path = directory.appending(path: "state/queue.sqlite").path
    var truth = try DatabaseQueue(path: path, configuration: configuration).read { database in
      var truth: [MetricName: Double] = [:]
      for state in ["waiting", "retrying", "parked", "failed"] {
        let number = try Int.fetchOne(database, sql: "SELECT count(*) FROM writes WHERE state = ?", arguments: [state])
        truth[MetricName(family: "progress_sync_queue_entries", label: .init(name: "state", value: state))] = Double(number ?? 0)
      }
      let totals = try Row.fetchOne(database, sql: "SELECT * FROM totals")
      for name in ["accepted", "delivered", "superseded", "discarded", "lost", "refused"] {
        truth[MetricName(family: "progress_sync_writes_\(name)_total")] = Double(totals?[name] as Int? ?? -1)
      }
      for name in ["deferred", "throttled", "unreachable", "unauthorized", "unsupported"] {
        let label = MetricName.Label(name: "class", value: name)
        truth[MetricName(family: "progress_sync_retries_total", label: label)] = Double(totals?[name] as Int? ?? -1)
      }
      let syncedAt = try Int64.fetchOne(database, sql: "SELECT at_ms FROM last_sync") ?? 0
      truth[MetricName(family: "progress_sync_last_synced_timestamp_seconds")] = Double(syncedAt) / 1_000
      return truth
    }
    for part in ["incoming", "claimed", "rejected"] {
      let names = try files(in: part).filter { !$0.hasSuffix(".reason") && !$0.hasPrefix(".") }
      truth[MetricName(family: "progress_sync_spool_files", label: .init(name: "part", value: part))] = Double(names.count)
    }
    return truth
  }

  /// Runs a command as a person does in the machine's directory, whose daemon has the documented paths.
  func shell(_ command: String) async throws -> (status: Int32, words: String) {
    let command = command.replacing("/run/progress-sync/control.sock", with: controlSocket.path)
    return try await RunningProgram.run("/bin/sh", ["-c", "cd '\(directory.path)' && \(command)"])
  }
}
