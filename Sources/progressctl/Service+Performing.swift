import ArgumentParser
import ControlClient
import ControlProtocol
import FoundationEssentials
import Glibc
import Systemd

/// What all verbs have in common that have the daemon do something.
struct CommandOptions: ParsableArguments {
  @Flag(help: "Print {\"changed\", \"missing\", \"message\"} for scripts.")
  var json = false

  @OptionGroup var service: ServiceOptions

  /// The daemon that is meant.
  func resolveService() throws -> Service { try service.runningService(environment: ProcessInfo.processInfo.environment) }

  /// Has the daemon do it, and says what it came to.
  ///
  /// Throws `Failure`, also for entries that were named and are not there.
  ///
  /// - Parameter conflict: The exit code for what cannot be done as things stand.
  /// - Parameter telling: What is worth a line more to a person, asked before it is done.
  func perform(
    _ command: ControlCommand, on service: Service? = nil, conflict: CInt = EX_TEMPFAIL,
    telling remark: (ControlClient) async -> String? = { _ in nil }
  ) async throws {
    let service = try service ?? resolveService()
    let (report, remark) = try await service.asking(toAct: true) { client in
      do {
        let remark = json ? nil : await remark(client)
        let report = try await Spinner.turning("progress-syncd is at it") { try await client.socket.perform(command) }
        return (report, report.changed == 0 ? nil : remark)
      } catch ControlError.refused(let refusal) where refusal.kind == .conflict {
        throw Failure("\(refusal.error.singleLine) (\(service.name))", code: conflict)
      }
    }
    try tell(report, by: service, remark: remark)
  }

  /// Throws `Failure` with a line for each that was left as it was, and `failure` of what was named and is not there.
  func tell(
    _ report: CommandReport, by service: Service, remark: String? = nil,
    missing failure: (_ names: [String], _ remark: String) -> Failure = Failure.init(missing:remark:)
  ) throws {
    let line = json ? try ControlCoding.text(of: report) : report.message.singleLine + service.aside
    try StandardOutput.write(line + "\n" + (remark.map { $0 + "\n" } ?? ""))
    if let refused = report.refused { throw Failure(refused.map(\.singleLine).joined(separator: "\nprogressctl: "), code: EX_DATAERR) }
    guard report.missing.isEmpty else { throw failure(report.missing, service.aside) }
  }
}

/// Entries as people name them: by id or by key.
extension EntryChoice {
  init(named names: [String]) {
    // No key is a number: each begins with a word.
    self.init(ids: names.compactMap { Int64($0) }, keys: names.filter { Int64($0) == nil })
  }
}
