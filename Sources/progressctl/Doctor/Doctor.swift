import ArgumentParser
import ControlProtocol
import FoundationEssentials
import ProgressModel
import SyncDaemon
import Systemd

struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What is wrong with this installation, if anything, and the command that mends it.",
    discussion: """
      Looks at the daemon and its unit, the control socket, the spool, the queue, the disk, \
      inotify, the clock, and asks the API one harmless question. Changes nothing: a hidden \
      file is made in the spool and removed again.

      Exits with 0 when there is no problem, and with 1 when there is one; warnings are none.

      Examples:
        progressctl doctor
        sudo progressctl doctor
        progressctl doctor --json | jq -r 'select(.verdict == "problem").fix'
      """)

  @Flag(help: "Print {\"check\", \"verdict\", \"message\", \"fix\"} a line for scripts.")
  var json = false

  @OptionGroup var service: ServiceOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let style = StandardOutput.style(environment: environment)
    var hasProblem = false
    func tell(_ diagnoses: [Diagnosis]) throws {
      for diagnosis in diagnoses {
        hasProblem = hasProblem || diagnosis.verdict == .problem
        try StandardOutput.write(json ? ControlCoding.text(of: diagnosis) + "\n" : diagnosis.lines(style: style))
      }
    }
    do {
      let usual = service.usualService(environment: environment).configuration.control.socket
      let service = try service.service(environment: environment)
      let examination = await Examination(of: service, usualSocket: usual) { .now }
      let answer = try await examination.local(tell)
      let url = service.configuration.api.baseURL
      try tell(await Spinner.turning("asking \(url.maskingUserInfo)") { await examination.remote(answer) })
    } catch let error as ConfigurationError {
      let service = service.usualService(environment: environment)
      // One of a file that was named may be at another socket.
      let answer = service.isNamed ? .nobody : await DaemonAnswer(asking: service)
      try tell(service.patient.diagnoseConfiguration(unreadable: error.problems, answer))
    }
    if hasProblem { throw ExitCode(1) }
  }
}

extension Service {
  var patient: Patient {
    Patient(kind: kind, configuration: configuration, isNamed: isNamed, startCommand: startCommand, caller: .current)
  }
}

extension Diagnosis {
  /// A line, and another one with the way out.
  func lines(style: TextStyle) -> String {
    let words = verdict == .unknown ? "not checked" : verdict.rawValue
    let padding = String(repeating: " ", count: max(1, 13 - words.count))
    let name = check.rawValue + String(repeating: " ", count: max(1, 15 - check.rawValue.count))
    let line = style.paint(words, verdict.colour) + padding + name + message.singleLine + "\n"
    return line + (fix.map { String(repeating: " ", count: 28) + "→ \($0.singleLine)\n" } ?? "")
  }
}

extension Diagnosis.Verdict {
  fileprivate var colour: TextStyle.Colour? {
    switch self {
    case .ok: .green
    case .warning: .yellow
    case .problem: .red
    case .unknown: nil
    }
  }
}
