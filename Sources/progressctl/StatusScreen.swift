import ControlClient
import ControlProtocol
import ProgressModel
import SyncDaemon
import Systemd

/// A status for people: one screen, a line or a few for each thing.
struct StatusScreen {
  let report: StatusReport
  let source: ControlClient.Source
  /// Of the service that was asked.
  let service: String
  let now: Timestamp
  let style: TextStyle

  var text: String {
    let sections = [daemon, api, accounts, pause, pending, failed, synced, rates, spool, bounds, disk]
    var text = ""
    Table(sections.joined().map { [$0.label, $0.words] }).writeLines { text += $0 }
    return text
  }

  private typealias Line = (label: String, words: String)

  /// The first line carries the label.
  private func section(_ label: String, _ lines: [String]) -> [Line] {
    lines.enumerated().map { ($0 == 0 ? label : "", $1) }
  }

  private func ago(_ instant: Timestamp) -> String { "\((now - instant).inWords) ago" }

  private var daemon: [Line] {
    let daemon = report.daemon
    let state =
      switch daemon.running {
      case true?: style.paint("running", .green) + (daemon.startedAt.map { " since \((now - $0).inWords)" } ?? "")
      case false?: style.paint("not running", .red)
      case nil: "unknown"
      }
    let facts = [daemon.version.map { "version \($0.singleLine)" }, daemon.pid.map { "process \($0)" }].compactMap { $0 }
    var lines = [([state] + facts).joined(separator: ", ") + " (\(service))"]
    if daemon.isOutdated == true { lines.append(style.paint("its program was replaced since: start it again to run the new one", .yellow)) }
    if let level = daemon.logLevel, level != "info" { lines.append("logs at \(level.singleLine)") }
    if case .files(let error) = source { lines.append(style.paint("\(error); this is from its files", .yellow)) }
    return section("daemon", lines)
  }

  private var api: [Line] {
    guard let endpoint = report.endpoint else { return [] }
    let place = report.daemon.apiBaseURL.map { " (\($0.singleLine))" } ?? ""
    let busy = endpoint.inFlight > 0 ? ", \(endpoint.inFlight) under way" : ""
    var lines = [style.paint(endpoint.state(now: now), endpoint.state.colour) + busy + place]
    if let trouble = endpoint.trouble { lines.append(trouble) }
    let steps = [endpoint.next(now: now), endpoint.remedy].compactMap { $0 }
    if !steps.isEmpty { lines.append(steps.joined(separator: "; ")) }
    return section("API", lines)
  }

  /// So many users are told of one by one.
  private static let shownAccounts = 5

  private var accounts: [Line] {
    let held = report.accounts.filter { $0.state == .held }
    var lines = held.prefix(Self.shownAccounts).flatMap { account in
      [style.paint(account.state(now: now), .red) + account.causeInBrackets] + [account.next(now: now)].compactMap { $0 }
    }
    if held.count > Self.shownAccounts { lines.append("and \(held.count - Self.shownAccounts) more; progressctl status --json has all") }
    return section("own tokens", lines)
  }

  private var pause: [Line] {
    guard let pause = report.pause else { return [] }
    return section("pause", [style.paint(pause.words(now: now), .yellow)])
  }

  private var pending: [Line] {
    let parked = style.paint("\(report.parked) parked", report.parked > 0 ? .yellow : nil)
    let oldest = report.oldestAcceptedAt.map { "; the oldest for \((now - $0).inWords)" } ?? ""
    return section("pending", ["\(report.pending): \(report.waiting) waiting, \(report.retrying) retrying, \(parked)\(oldest)"])
  }

  private var failed: [Line] {
    guard report.failed > 0 else { return section("failed", ["0"]) }
    let entries = report.failures.map { "\($0.key.singleLine) (id \($0.id)): \($0.lastAnswer ?? "no reason given")" }
    return section("failed", [style.paint("\(report.failed)", .red) + "; see progressctl failed"] + entries)
  }

  private var synced: [Line] {
    let latest = report.lastSyncs.map { "\($0.key.singleLine), \(ago($0.at))" }
    return section("last synced", [report.lastSyncedAt.map(ago) ?? "never"] + latest)
  }

  private var rates: [Line] {
    let rates = [("last minute", report.lastMinute, Duration.seconds(60)), ("last hour", report.lastHour, .seconds(3600))]
    return rates.compactMap { label, rate, time in
      let start = report.daemon.startedAt.flatMap { now - $0 < time ? " since the daemon's start, \(ago($0))" : nil } ?? ""
      return rate.map { (label, "\($0.accepted) accepted, \($0.delivered) delivered, \($0.retried) attempts failed\(start)") }
    }
  }

  /// What is claimed is accepted within moments, or something keeps it.
  private static let usualClaim = Duration.seconds(10)

  private var spool: [Line] {
    guard let spool = report.spool else { return [] }
    func words(_ number: Int?, _ state: String, isNews: Bool = false) -> String {
      style.paint("\(number.map { "\($0)" } ?? "unknown number") \(state)", number == nil || isNews ? .yellow : nil)
    }
    let hasRejected = spool.rejected.map { $0 > 0 } ?? false
    let next = hasRejected ? "; see progressctl rejected" : ""
    let (waiting, rejected) = (words(spool.unaccepted, "waiting"), words(spool.rejected, "rejected", isNews: hasRejected))
    var lines = ["\(waiting), \(rejected) (\(spool.directory.singleLine))\(next)"]
    if let claimed = spool.claimed, let oldest = spool.oldestClaimAt, now - oldest >= Self.usualClaim {
      let words = "\(claimed) of them in claimed/, the oldest for \((now - oldest).inWords): the journal says what keeps them there"
      lines.append(style.paint(words, .yellow))
    }
    if !spool.isWatched { lines.append(style.paint("not watched: files are found by the slow rescan only", .yellow)) }
    return section("spool", lines)
  }

  private var bounds: [Line] {
    section("bounds", report.bounds.flatMap { [style.paint($0.words(now: now), .yellow), $0.consequence] })
  }

  private var disk: [Line] {
    guard let disk = report.disk else { return [] }
    let trouble = disk.trouble.map { [style.paint($0.singleLine, .red)] } ?? []
    return section("disk", ["\(disk.queue.inBytes) of queue, \(disk.free.inBytes) free"] + trouble)
  }
}

extension EndpointReport.State {
  fileprivate var colour: TextStyle.Colour? {
    switch self {
    case .untried: nil
    case .reachable: .green
    case .paused, .failing: .yellow
    case .unreachable, .held: .red
    }
  }
}

extension Int64 {
  /// A number of bytes in one unit of powers of 1024, cut: `512 B`, `1.2 MiB`.
  var inBytes: String {
    let units = ["KiB", "MiB", "GiB", "TiB"]
    guard self >= 1024 else { return "\(self) B" }
    var (tenths, unit) = (self * 10 / 1024, 0)
    while tenths >= 10_240, unit < units.count - 1 { (tenths, unit) = (tenths / 1024, unit + 1) }
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}
