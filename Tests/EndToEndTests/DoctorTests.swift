import Foundation
import Glibc
import TestSupport
import Testing

/// The built `progressctl doctor`, on a machine that is well and on machines that are not.
@Suite("A doctor")
struct DoctorTests {
  @Test(
    "finds nothing wrong where nothing is, whoever asks, and leaves nothing behind",
    .enabled(if: Person.arePossible, "needs root, to be others by setpriv"))
  func healthy() async throws {
    let machine = try Workstation()
    try await machine.startAPI()
    try await machine.startSharedDaemon()
    try machine.point(to: "http://localhost:\(machine.apiPort)")

    for person in [Person.owner, .member, .root] {
      let examination = try await machine.doctor(as: person)
      #expect(examination.status == 0, "\(person): \(examination.words)")
      #expect(examination.findings.allSatisfy { $0.verdict != "problem" })
      for check in ["daemon", "control", "spool", "state", "dns", "token", "api", "queue"] {
        #expect(examination.findings.filter { $0.check == check }.map(\.verdict) == ["ok"], "\(check) as \(person): \(examination.words)")
      }
    }
    #expect(try machine.files(in: "incoming").isEmpty)
    let lines = try await machine.progressctl("doctor").words
    #expect(lines.contains("ok           daemon         progress-syncd 0.1.0 runs, process \(machine.daemon?.identifier ?? 0)"), "\(lines)")
  }

  @Test("tells who is not in the group how to get there", .enabled(if: Person.arePossible, "needs root, to be others by setpriv"))
  func stranger() async throws {
    let machine = try Workstation()
    try await machine.startAPI()
    try await machine.startSharedDaemon()
    let examination = try await machine.doctor(as: .stranger)
    #expect(examination.status == 1)
    for check in ["control", "spool"] {
      let finding = try #require(examination.findings.first { $0.check == check })
      #expect(finding.verdict == "problem" && finding.message.hasPrefix("you may not "), "\(examination.words)")
      #expect(finding.message.contains("only group users may"))
      #expect(finding.fix == "sudo usermod -aG users 61003, then log in again")
    }
    #expect(examination.findings.first { $0.check == "daemon" }?.fix == "sudo progressctl doctor")
  }

  @Test("finds what is wrong, and says what mends it", arguments: Ailment.all)
  func ailment(_ ailment: Ailment) async throws {
    let machine = try Workstation()
    try await machine.startAPI()
    try await ailment.befall(machine) {
      let examination = try await machine.doctor(as: .root)
      let finding = try #require(
        examination.findings.first { $0.check == ailment.check && $0.verdict == ailment.verdict }, "\(examination.words)")
      #expect(finding.message.contains(ailment.message), "\(finding)")
      #expect(finding.fix?.contains(ailment.fix) == true, "\(finding)")
      #expect(examination.status == (ailment.verdict == "problem" ? 1 : 0), "\(examination.words)")
    }
  }

  @Test("says of a daemon whose configuration has become wrong what it goes by, and what has it read the mended one")
  func spoiltConfiguration() async throws {
    let machine = try Workstation()
    try await machine.startAPI()
    try machine.configure()
    let (home, runtime) = (machine.directory.appending(path: "home"), machine.directory.appending(path: "run"))
    for directory in [home.appending(path: ".config/progress-sync"), runtime.appending(path: "progress-sync")] {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }
    try Data("log: {level: loud}".utf8).write(to: home.appending(path: ".config/progress-sync/config.yaml"))
    let environment = ["HOME": home.path, "XDG_RUNTIME_DIR": runtime.path]
    func examine() async throws -> [String] {
      let answer = try await RunningProgram.run("progressctl", ["doctor", "--user"], environment: environment)
      #expect(answer.status == 1, "\(answer.words)")
      return answer.words.split(separator: "\n").map(String.init)
    }
    func expect(_ lines: [String], ends: [String]) {
      #expect(lines.count == ends.count && zip(lines, ends).allSatisfy { $0.hasSuffix($1) }, "\(lines)")
    }
    let problem = [
      "config.yaml:1: log.level: must be one of trace, debug, info, notice, warning, error, critical, is \"loud\"",
      "→ mend it, then progressctl config check && systemctl --user reload-or-restart progress-syncd",
    ]
    expect(try await examine(), ends: problem)
    try await machine.startDaemon("--set", "control.socket=\(runtime.path)/progress-sync/control.sock")
    expect(try await examine(), ends: problem + ["ok           daemon         progress-syncd runs, and goes by what it has read before"])
  }

  @Test(
    "finds a disk that is nearly full", .enabled(if: SmallDisk.isPossible, "needs the right to mount a file system"))
  func disk() async throws {
    let machine = try Workstation()
    let state = try SmallDisk(kibibytes: 8_192, at: machine.directory.appending(path: "state"))
    try await machine.startAPI()
    try machine.configure()
    try await machine.startDaemon()
    let examination = try await machine.doctor(as: .root)
    let finding = try #require(examination.findings.first { $0.check == "disk" })
    #expect(examination.status == 1 && finding.verdict == "problem", "\(examination.words)")
    #expect(finding.message.hasPrefix("\(state.directory.path): ") && finding.message.hasSuffix(" MiB free"))
    #expect(finding.fix?.hasPrefix("free some space: ") == true)
    try await machine.stopDaemon()
  }

  @Test("finds that a name has no address", .enabled(if: PrivateNetwork.isPossible, "needs root and network namespaces"))
  func noName() async throws {
    let machine = try Workstation()
    let network = try await PrivateNetwork(in: machine.directory)
    try machine.configure()
    try machine.point(to: "https://progress.invalid")
    let examination = try await machine.doctor(as: .root, through: network.entrance)
    let finding = try #require(examination.findings.first { $0.check == "dns" })
    #expect(examination.status == 1 && finding.verdict == "problem")
    #expect(finding.message.hasPrefix("progress.invalid has no address: "))
    #expect(finding.fix == "check the network, and api.base_url (https://progress.invalid); getent ahosts progress.invalid asks again")
  }
}

extension Workstation {
  /// One line of what the doctor says.
  struct Finding: Decodable {
    let check: String
    let verdict: String
    let message: String
    let fix: String?
  }

  func doctor(
    as person: Person, through entrance: [String] = []
  ) async throws -> (status: Int32, findings: [Finding], words: String) {
    let answer = try await RunningProgram.run(
      "progressctl", ["doctor", "--json", "--config", configurationFile.path], through: entrance + person.entrance)
    let findings = answer.words.split(separator: "\n").compactMap { try? JSONDecoder().decode(Finding.self, from: Data($0.utf8)) }
    return (answer.status, findings, answer.words)
  }

  /// Has the configuration name another API.
  func point(to url: String) throws {
    let text = try String(contentsOf: configurationFile, encoding: .utf8)
    let others = text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("api.base_url:") }
    try Data((["api.base_url: \(url)"] + others).joined(separator: "\n").utf8).write(to: configurationFile)
  }
}
