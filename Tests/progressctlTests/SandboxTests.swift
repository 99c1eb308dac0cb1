import APIClient
import Foundation
import Spool
import SyncDaemon
import SystemPackage
import Testing

@testable import progressctl

/// With the units themselves for what systemd says of them.
@Suite("What the unit's sandbox lets the daemon see and write to")
struct SandboxTests {
  private static let units = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "systemd")

  /// As `systemctl show` would tell of a unit's file, with these lines more.
  private static func sandbox(_ kind: ServiceKind, _ more: String = "") throws -> Sandbox {
    let name = kind == .user ? "user/progress-syncd.service" : "progress-syncd.service"
    let text = try String(contentsOf: units.appending(path: name), encoding: .utf8).replacing("%h", with: "/home/alice")
    return Sandbox(UnitFindings(output: text + more))
  }

  private static func patient(_ kind: ServiceKind, change: (inout Configuration) -> Void) throws -> Patient {
    var patient = DoctorTests.patient(kind: kind, user: kind == .user ? 1000 : 0)
    patient.sandbox = try sandbox(kind)
    change(&patient.configuration)
    return patient
  }

  @Test(
    "homes and temporary directories are hidden from the system's service, and only the latter from a user's",
    arguments: [
      ("/home/alice/token", "/home", nil), ("/root/ca.pem", "/root", nil), ("/run/user/1000/x", "/run/user", nil),
      ("/tmp/ca.pem", "/tmp", "/tmp"), ("/var/tmp/a/b", "/var/tmp", "/var/tmp"), ("/etc/../tmp/x", "/tmp", "/tmp"),
      ("/etc/progress-sync/ca.pem", nil, nil), ("/homes/x", nil, nil), ("/srv/tmp/x", nil, nil), ("/rootfs", nil, nil),
    ] as [(FilePath, FilePath?, FilePath?)])
  func hidden(path: FilePath, system: FilePath?, user: FilePath?) throws {
    #expect(try Self.sandbox(.system).place(hiding: path) == system)
    #expect(try Self.sandbox(.user).place(hiding: path) == user)
  }

  @Test(
    "the service may write to its own directories alone, and to those that a drop-in adds",
    arguments: [
      ("/var/spool/progress-sync", true, false), ("/var/lib/progress-sync", true, false), ("/run/progress-sync/x", true, false),
      ("/srv/spool", false, false), ("/var/spool/progress-sync2", false, false), ("/var/lib", false, false),
      ("/home/alice/.local/state/progress-sync/spool", false, true), ("/home/alice/spool", false, false),
    ] as [(FilePath, Bool, Bool)])
  func writable(path: FilePath, system: Bool, user: Bool) throws {
    #expect(try Self.sandbox(.system).allowsWriting(to: path) == system)
    #expect(try Self.sandbox(.user).allowsWriting(to: path) == user)
    #expect(try Self.sandbox(.system, "ReadWritePaths=/run /var /srv -/home/alice\n").allowsWriting(to: path))
  }

  @Test("nothing is said where nothing is known, the sandbox is none, or an operator has bound something into it")
  func unknown() throws {
    for sandbox in [
      Sandbox(.unavailable("")), Sandbox(UnitFindings(output: "ProtectHome=no\nPrivateTmp=no\nProtectSystem=no\n")),
      try Self.sandbox(.system, "BindReadOnlyPaths=/root/ca.pem:/root/ca.pem:rbind\n"),
    ] {
      #expect(sandbox.place(hiding: "/root/ca.pem") == nil && sandbox.allowsWriting(to: "/srv/x"))
    }
  }

  @Test("a file that the service does not see is to be put where it does, rather than opened to it")
  func hiddenFiles() throws {
    func fixes(_ kind: ServiceKind, _ change: (inout Configuration) -> Void) throws -> [String?] {
      let found = try Self.patient(kind, change: change).diagnoseConfiguration(ConfigurationFindings())
      #expect(found.allSatisfy { $0.check == .configuration && $0.verdict == .problem })
      return found.map(\.fix)
    }
    let reload = "systemctl reload-or-restart progress-syncd"
    #expect(
      try fixes(.system) { ($0.api.caFile, $0.api.tokenFile, $0.api.userTokens) = ("/root/ca.pem", "/home/alice/token", "/tmp/tokens") }
        == [
          "install -m 644 /root/ca.pem /etc/progress-sync/, name it there in api.ca_file, then \(reload)",
          "install -m 600 -o progress-sync /home/alice/token /etc/progress-sync/, name it there in api.token_file, then \(reload)",
          "move it into /etc/progress-sync, name it there in api.user_tokens, then \(reload)",
        ])
    #expect(
      try fixes(.user) { ($0.api.caFile, $0.api.tokenFile) = ("/tmp/ca.pem", "/home/alice/token") } == [
        "install -m 644 /tmp/ca.pem ~/.config/progress-sync/, name it there in api.ca_file, "
          + "then systemctl --user reload-or-restart progress-syncd"
      ])
    #expect(try fixes(.system) { ($0.api.caFile, $0.api.tokenFile) = ("/etc/progress-sync/ca.pem", "/srv/token") } == [])
  }

  @Test("that others can read a token matters when the daemon can see it")
  func hiddenToken() throws {
    let found = APIFindings(url: try APIBaseURL("https://a.example"), hasToken: false)
    func verdicts(_ path: FilePath) throws -> [Diagnosis.Verdict] {
      try Self.patient(.system) { $0.api.tokenFile = path }
        .diagnoseToken(.readable(path, permissions: 0o644), found, endpoint: nil).map(\.verdict)
    }
    #expect(try verdicts("/home/alice/token") == [.unknown])
    #expect(try verdicts("/srv/token") == [.warning, .unknown])
  }

  private static func permit(_ directory: String, _ name: String, _ place: String = "/etc/systemd/system", _ manager: String = "systemctl")
    -> String
  {
    "printf '[Service]\\nReadWritePaths=%s\\n' \(directory) | install -D -m 644 /dev/stdin \(place)/progress-syncd.service.d/\(name).conf"
      + " && \(manager) daemon-reload && \(manager) restart progress-syncd"
  }

  @Test("a spool elsewhere is made there, and opened to the service")
  func spool() throws {
    func fixes(_ kind: ServiceKind, _ directory: FilePath, isMissing: Bool) throws -> [String?] {
      var incoming = SpoolInspection.Place(path: directory.appending("incoming"))
      if isMissing { incoming.problem = .noSuchFileOrDirectory } else { incoming.isDirectory = true }
      let found = SpoolFindings(places: SpoolInspection(incoming: incoming, claimed: incoming, rejected: incoming))
      return try Self.patient(kind) { $0.spool.directory = directory }.diagnoseSpool(found).filter { $0.verdict == .problem }.map(\.fix)
    }
    let make =
      "sed 's|/var/spool/progress-sync|/srv/spool|' /usr/lib/tmpfiles.d/progress-sync.conf | tee /etc/tmpfiles.d/progress-sync.conf >/dev/null"
      + " && systemd-tmpfiles --create progress-sync.conf"
    #expect(try fixes(.system, "/srv/spool", isMissing: true) == ["\(make) && \(Self.permit("/srv/spool", "spool"))"])
    #expect(try fixes(.system, "/srv/spool", isMissing: false) == [Self.permit("/srv/spool", "spool")])
    #expect(try fixes(.system, "/var/spool/progress-sync", isMissing: true) == ["systemd-tmpfiles --create progress-sync.conf"])
    #expect(
      try fixes(.system, "/home/alice/spool", isMissing: true) == [
        "name another place in spool.directory, then systemctl restart progress-syncd"
      ])
    let own = Self.permit("/srv/alice", "spool", "~/.config/systemd/user", "systemctl --user")
    #expect(try fixes(.user, "/srv/alice", isMissing: true) == ["install -d -m 700 /srv/alice && \(own)"])
  }

  @Test("so is a queue elsewhere")
  func state() throws {
    func fix(_ kind: ServiceKind, _ directory: FilePath, _ problem: Errno?) throws -> String? {
      try Self.patient(kind) { $0.state.directory = directory }
        .diagnoseState(DirectoryFindings(path: directory, problem: problem, permissions: 0o700), daemonUser: 0).first?.fix
    }
    let permit = Self.permit("/srv/queue", "state")
    #expect(
      try fix(.system, "/srv/queue", .noSuchFileOrDirectory)
        == "install -d -m 700 -o progress-sync -g progress-sync /srv/queue && \(permit)")
    #expect(try fix(.system, "/srv/queue", nil) == permit)
    #expect(try fix(.system, "/tmp/queue", nil) == "name another place in state.directory, then systemctl restart progress-syncd")
    #expect(try fix(.system, "/var/lib/progress-sync", .noSuchFileOrDirectory) == "START")
    #expect(try fix(.system, "/var/lib/progress-sync", nil) == nil)
  }
}
