import SyncDaemon

/// What systemd knows of the daemon's unit.
enum UnitFindings: Hashable {
  /// The properties that `systemctl show` has told.
  case properties([String: String])
  /// Why it told nothing.
  case unavailable(String)

  static let names = ["LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload", "FragmentPath", "Result"]

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
    if unit["LoadState"] == "masked" { return [.problem(.unit, "\(unitName) is masked", fix: systemctl("unmask \(unitName)"))] }
    var found: [Diagnosis] = []
    if unit["NeedDaemonReload"] == "yes" {
      found.append(
        .warning(
          .unit, "the unit's files have changed since systemd read them",
          fix: systemctl("daemon-reload") + " && " + systemctl("restart \(unitName)")))
    }
    if unit["ActiveState"] == "failed" {
      found.append(
        .problem(.unit, "the daemon has failed: \(unit["Result"] ?? "for an unknown reason")", fix: "see \(journal); \(startCommand)"))
    }
    if unit["UnitFileState"] == "disabled" {
      found.append(
        .warning(.unit, "the daemon is not started at \(kind == .user ? "log-in" : "boot")", fix: systemctl("enable \(unitName)")))
    }
    let path = unit["FragmentPath"] ?? ""
    return found.isEmpty ? [.ok(.unit, path.isEmpty ? "\(unitName).service is current" : "\(path) is current")] : found
  }
}
