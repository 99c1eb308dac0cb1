import ControlClient
import SyncDaemon

/// What systemd knows of the daemon's unit.
enum UnitFindings: Hashable {
  /// The properties that `systemctl show` has told.
  case properties([String: String])
  /// Why it told nothing.
  case unavailable(String)

  static let names =
    ["LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload", "FragmentPath", "Result", "ExecMainStatus"] + Sandbox.properties

  /// Reads `NAME=VALUE` lines.
  init(output: String) {
    var properties: [String: String] = [:]
    for line in output.split(separator: "\n") {
      guard let equals = line.firstIndex(of: "=") else { continue }
      properties[String(line[..<equals])] = String(line[line.index(after: equals)...])
    }
    self = .properties(properties)
  }
}

extension DaemonPresence {
  var isRunning: Bool {
    if case .running = self { true } else { false }
  }

  /// The same, or systemd's word to those who may not look themselves.
  func completed(by unit: UnitFindings) -> DaemonPresence {
    guard self == .unknown, case .properties(let unit) = unit, unit["ActiveState"] == "active" else { return self }
    return .running(process: nil)
  }
}

extension Patient {
  func diagnoseUnit(_ found: UnitFindings) -> [Diagnosis] {
    guard !isNamed else { return [.unknown(.unit, "a daemon with a configuration of its own is started by no unit")] }
    switch found {
    case .unavailable(let reason): return [.unknown(.unit, reason)]
    case .properties(let unit): return diagnoseUnit(unit)
    }
  }

  private func diagnoseUnit(_ unit: [String: String]) -> [Diagnosis] {
    guard unit["LoadState"] != "not-found" else {
      return [.warning(.unit, "\(unitName).service is not installed, so nothing starts the daemon at boot", fix: "make install")]
    }
    if unit["LoadState"] == "masked" {
      return [.problem(.unit, "\(unitName) is masked", fix: systemctl("unmask \(unitName)") + " && \(startCommand)")]
    }
    var found: [Diagnosis] = []
    if unit["NeedDaemonReload"] == "yes" {
      found.append(
        .warning(
          .unit, "the unit's files have changed since systemd read them",
          fix: systemctl("daemon-reload") + " && " + systemctl("restart \(unitName)")))
    }
    let result = UnitResult(unit)
    if unit["ActiveState"] == "failed" {
      found.append(
        .problem(.unit, "the daemon has failed: \(result?.words ?? "for an unknown reason")", fix: "see \(journal); \(startCommand)"))
    } else if unit["ActiveState"] == "activating", let result {
      // A start under way has none: it is the last one's, while systemd waits before the next.
      found.append(.problem(.unit, "the daemon fails, and is started again and again: \(result.words)", fix: "see \(journal)"))
    }
    if unit["UnitFileState"] == "disabled" {
      found.append(
        .warning(.unit, "the daemon is not started at \(kind == .user ? "log-in" : "boot")", fix: systemctl("enable \(unitName)")))
    }
    let path = unit["FragmentPath"] ?? ""
    return found.isEmpty ? [.ok(.unit, path.isEmpty ? "\(unitName).service is current" : "\(path) is current")] : found
  }
}

/// How the daemon's last run has ended, unless well.
private struct UnitResult {
  let words: String

  init?(_ unit: [String: String]) {
    guard let result = unit["Result"], result != "success" else { return nil }
    let status = result == "exit-code" ? unit["ExecMainStatus"].map { ", status \($0)" } : nil
    words = result + (status ?? "")
  }
}
