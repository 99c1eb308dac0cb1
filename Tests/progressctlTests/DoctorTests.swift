import APIClient
import ControlClient
import ControlProtocol
import Foundation
import ProgressModel
import Spool
import SyncDaemon
import SystemEvents
import SystemPackage
import Testing

@testable import progressctl

/// What is said of what was found; nothing here looks at anything.
@Suite("The doctor's judgement")
struct DoctorTests {
  private static let daemonUser: UInt32 = 900
  /// Some machine may know somebody of that number.
  private static let daemonName = UserName.name(of: daemonUser) ?? "900"
  private static let submitters: UInt32 = 901

  static func patient(
    kind: ServiceKind = .system, user: UInt32 = 1000, groups: Set<UInt32> = [1000], atLogin: Set<UInt32> = [1000], isNamed: Bool = false
  ) -> Patient {
    Patient(
      kind: kind, configuration: Configuration(), isNamed: isNamed, startCommand: "START",
      caller: .init(user: user, name: "anna", groups: groups, groupsAtLogin: atLogin))
  }

  private static func report(_ change: (inout StatusReport) -> Void = { _ in }) -> StatusReport {
    var daemon = DaemonReport(running: true, pid: 7)
    (daemon.version, daemon.startedAt) = (Daemon.version, start - .seconds(60))
    var report = StatusReport(daemon: daemon)
    change(&report)
    return report
  }

  @Test(
    "the daemon runs, runs in another version, or does not run",
    arguments: [
      (.status(report()), .unknown, .ok, nil), (.status(report { $0.daemon.isOutdated = true }), .unknown, .warning, "systemctl restart"),
      (.status(report { $0.daemon.version = "0.0.1" }), .unknown, .warning, "install the same version"),
      (.nobody, .stopped, .problem, "START"), (.nobody, .unknown, .problem, "START"), (.nobody, .running(process: 3), .ok, nil),
      (.forbidden(group: 901, name: "x"), .unknown, .unknown, "sudo progressctl doctor"),
      (.failed("no HTTP"), .unknown, .problem, "journalctl -u progress-syncd"),
    ] as [(DaemonAnswer, DaemonPresence, Diagnosis.Verdict, String?)])
  func daemon(answer: DaemonAnswer, presence: DaemonPresence, verdict: Diagnosis.Verdict, fix: String?) {
    expect(Self.patient().diagnoseDaemon(answer, presence: presence, now: start), [verdict], fix)
  }

  @Test(
    "who may not connect is told how to, and who has just become a member to log in again",
    arguments: [
      ([1000], [1000], "usermod -aG clients anna"), ([1000], [1000, 901], "log in again"),
    ] as [(Set<UInt32>, Set<UInt32>, String)])
  func control(groups: Set<UInt32>, atLogin: Set<UInt32>, fix: String) {
    let found = Self.patient(groups: groups, atLogin: atLogin)
      .diagnoseControl(.forbidden(group: Self.submitters, name: "clients"), presence: .unknown, isSocketThere: true)
    expect(found, [.problem], fix)
  }

  @Test("a socket that nobody listens on is a problem only while the daemon runs")
  func silentSocket() {
    func diagnose(_ answer: DaemonAnswer, _ presence: DaemonPresence) -> [Diagnosis] {
      Self.patient().diagnoseControl(answer, presence: presence, isSocketThere: true)
    }
    expect(diagnose(.nobody, .running(process: 1)), [.problem], "restart")
    expect(diagnose(.nobody, .stopped), [.unknown], "START")
    expect(diagnose(.status(Self.report()), .stopped), [.ok], nil)
  }

  @Test(
    "sockets that somebody has removed from under a running daemon are made again, which a restart alone does not do",
    arguments: [
      (
        ServiceKind.system, UInt32(0),
        "systemctl stop progress-syncd.socket progress-syncd-submit.socket progress-syncd"
          + " && systemd-tmpfiles --create progress-sync.conf && systemctl start progress-syncd"
      ),
      (
        .system, 1000,
        "sudo systemctl stop progress-syncd.socket progress-syncd-submit.socket progress-syncd"
          + " && sudo systemd-tmpfiles --create progress-sync.conf && sudo systemctl start progress-syncd"
      ),
      (
        .user, 1000,
        "systemctl --user stop progress-syncd.socket progress-syncd-submit.socket progress-syncd && systemctl --user start progress-syncd"
      ),
    ])
  func removedSockets(kind: ServiceKind, user: UInt32, fix: String) {
    let patient = Self.patient(kind: kind, user: user)
    let gone = SubmissionObstacle(reason: "", code: .noSuchFileOrDirectory)
    #expect(patient.diagnoseControl(.nobody, presence: .running(process: 1), isSocketThere: false).map(\.fix) == [fix])
    #expect(patient.diagnoseSubmission(gone, presence: .running(process: nil)).fix == fix)
    let named = Self.patient(kind: kind, user: user, isNamed: true)
    expect(named.diagnoseControl(.nobody, presence: .running(process: 1), isSocketThere: false), [.problem], "control.socket")
    expect([named.diagnoseSubmission(gone, presence: .running(process: 1))], [.unknown], "START")
  }

  @Test("a configured control socket that systemd has made elsewhere is told of, with both places and both ways out")
  func socketElsewhere() {
    var patient = Self.patient()
    patient.configuration.control.socket = "/srv/control.sock"
    let found = patient.diagnoseControl(
      .nobody, presence: .running(process: 1), isSocketThere: false, usual: "/run/progress-sync/control.sock")
    #expect(found.map(\.message).first?.contains("at /run/progress-sync/control.sock, as its socket unit says, and not at /srv/") == true)
    expect(found, [.problem], "ListenStream=/srv/control.sock; then \(patient.makeSocketsAgain)")
  }

  @Test("who may not look whether the daemon runs takes systemd's word for it")
  func presenceBySystemd() {
    let active = UnitFindings(output: "ActiveState=active\n")
    #expect(DaemonPresence.unknown.completed(by: active) == .running(process: nil))
    #expect(DaemonPresence.stopped.completed(by: active) == .stopped)
    #expect(DaemonPresence.unknown.completed(by: UnitFindings(output: "ActiveState=activating\n")) == .unknown)
    #expect(DaemonPresence.unknown.completed(by: .unavailable("no systemctl")) == .unknown)
  }

  @Test(
    "what waits for a person is told with the verb that is for it",
    arguments: [
      ({ @Sendable in $0.failed = 2 }, "progressctl failed"), ({ @Sendable in $0.parked = 1 }, "progressctl flush"),
      ({ $0.pause = PauseReport(since: start, until: nil, by: 0) }, "progressctl resume"),
      ({ ($0.waiting, $0.oldestAcceptedAt) = (1, start - .seconds(90_000)) }, "progressctl flush"),
      ({ $0.spool = SpoolReport(directory: "/s", waiting: 0, rejected: 3, isWatched: true) }, "progressctl rejected"),
      ({ $0.bounds = [BoundReport(sender: 1, bound: .keys, limit: 5, since: start)] }, "progressctl queue"),
    ] as [(@Sendable (inout StatusReport) -> Void, String)])
  func queue(change: @Sendable (inout StatusReport) -> Void, fix: String) {
    expect(Self.patient().diagnoseQueue(.status(Self.report(change)), now: start), [.warning], fix)
  }

  @Test("a queue in which nothing stands still is well, and one that cannot be asked about is not judged")
  func quietQueue() {
    expect(Self.patient().diagnoseQueue(.status(Self.report { $0.waiting = 3 }), now: start), [.ok], nil)
    expect(Self.patient().diagnoseQueue(.nobody, now: start), [.unknown], nil)
  }

  @Test("a disk that the daemon cannot write to is called neither the queue's nor the spool's: the daemon's own words say which it is")
  func diskTrouble() {
    let words = "cannot reject files into /s/rejected: No space left on device"
    let found = Self.patient().diagnoseQueue(
      .status(Self.report { $0.disk = DiskReport(queue: 1, free: 1, trouble: words) }), now: start)
    expect(found, [.problem, .ok], "free some space")
    #expect(found.first?.message == "the spool or the queue cannot be used: \(words)")
  }

  /// A spool as systemd-tmpfiles makes it, changed.
  private static func spool(_ change: (inout SpoolFindings) -> Void = { _ in }) -> SpoolFindings {
    func place(_ name: String, _ permissions: UInt32) -> SpoolInspection.Place {
      var place = SpoolInspection.Place(path: FilePath("/var/spool/progress-sync/\(name)"))
      (place.isDirectory, place.owner, place.group, place.permissions, place.device) = (true, daemonUser, daemonUser, permissions, 1)
      return place
    }
    var incoming = place("incoming", 0o3730)
    incoming.access = AccessList([
      .init(.owner, 7), .init(.owningGroup, 3), .init(.group(submitters), 3), .init(.mask, 3), .init(.others, 0),
    ])
    incoming.initialAccess = AccessList([.init(.user(daemonUser), 4)])
    var found = SpoolFindings(
      places: SpoolInspection(incoming: incoming, claimed: place("claimed", 0o700), rejected: place("rejected", 0o700)),
      groupNames: [submitters: "progress-sync-submit"])
    change(&found)
    return found
  }

  private static func refused(_ code: Errno) -> SpoolWriteError {
    .system(doing: "drop into", path: "/var/spool/progress-sync/incoming", code: code)
  }

  @Test(
    "each fault of the spool has its own way out",
    arguments: [
      ({ @Sendable _ in }, [.ok], nil),
      ({ @Sendable in $0 = absent($0, .noSuchFileOrDirectory) }, [.problem], "systemd-tmpfiles --create"),
      ({ $0 = with(claimed: { $0.permissions = 0o777 }, $0) }, [.problem, .ok], "chmod 700 /var/spool/progress-sync/claimed"),
      ({ $0 = with(claimed: { $0.owner = 5 }, $0) }, [.problem, .ok], "chown \(daemonName) /"),
      ({ $0 = with(claimed: { $0.device = 2 }, $0) }, [.problem, .ok], "one file system"),
      ({ $0 = with(incoming: { $0.permissions = 0o2730 }, $0) }, [.problem, .ok], "chmod +t"),
      ({ $0 = with(incoming: { $0.initialAccess = nil }, $0) }, [.warning, .ok], "systemd-tmpfiles --create"),
      ({ $0.dropFailure = refused(.permissionDenied) }, [.problem], "usermod -aG progress-sync-submit anna"),
      (
        {
          $0.dropFailure = refused(.permissionDenied); $0.hasOtherWay = true
        }, [.warning], "usermod -aG progress-sync-submit anna"
      ),
      ({ $0.dropFailure = refused(.noSpace) }, [.problem], "progressctl doctor"),
    ] as [(@Sendable (inout SpoolFindings) -> Void, [Diagnosis.Verdict], String?)])
  func spoolFaults(change: @Sendable (inout SpoolFindings) -> Void, verdicts: [Diagnosis.Verdict], fix: String?) {
    expect(Self.patient().diagnoseSpool(Self.spool(change)), verdicts, fix)
  }

  @Test(
    "whether actions can be handed over by socket, and what lets them",
    arguments: [
      (nil, .ok, nil), (SubmissionObstacle(reason: "", code: .noSuchFileOrDirectory), .unknown, "START"),
      (SubmissionObstacle(reason: "", code: .connectionRefused), .unknown, "START"),
      (SubmissionObstacle(reason: "", code: .permissionDenied), .warning, "usermod -aG progress-sync-submit anna"),
      (SubmissionObstacle(reason: "no answer", code: nil), .warning, "journalctl"),
    ] as [(SubmissionObstacle?, Diagnosis.Verdict, String?)])
  func submission(obstacle: SubmissionObstacle?, verdict: Diagnosis.Verdict, fix: String?) {
    expect([Self.patient().diagnoseSubmission(obstacle, presence: .stopped)], [verdict], fix)
  }

  @Test("who is in the group since the last log-in only is told so")
  func newMember() {
    let found = Self.patient(atLogin: [1000, Self.submitters]).diagnoseSpool(
      Self.spool { $0.dropFailure = Self.refused(.permissionDenied) })
    expect(found, [.problem], "newgrp progress-sync-submit")
  }

  private static func with(
    incoming: (inout SpoolInspection.Place) -> Void = { _ in }, claimed: (inout SpoolInspection.Place) -> Void = { _ in },
    _ found: SpoolFindings
  ) -> SpoolFindings {
    var (changed, places) = (found, (found.places.incoming, found.places.claimed))
    incoming(&places.0)
    claimed(&places.1)
    changed.places = SpoolInspection(incoming: places.0, claimed: places.1, rejected: found.places.rejected)
    return changed
  }

  private static func absent(_ found: SpoolFindings, _ code: Errno) -> SpoolFindings {
    with(incoming: { $0.problem = code }, claimed: { $0.problem = code }, found)
  }

  @Test(
    "the state directory belongs to the daemon alone",
    arguments: [
      (0o700, 900, nil, .ok), (0o755, 900, nil, .warning), (0o700, 0, nil, .problem), (0, 0, .permissionDenied, .unknown),
      (0, 0, .noSuchFileOrDirectory, .warning),
    ] as [(UInt32, UInt32, Errno?, Diagnosis.Verdict)])
  func state(permissions: UInt32, owner: UInt32, problem: Errno?, verdict: Diagnosis.Verdict) {
    let found = DirectoryFindings(path: "/var/lib/progress-sync", problem: problem, owner: owner, permissions: permissions)
    #expect(Self.patient().diagnoseState(found, daemonUser: Self.daemonUser).map(\.verdict) == [verdict])
  }

  @Test(
    "a disk is judged by its bytes and its inodes, once",
    arguments: [
      (1 << 40, 1 << 41, 1_000, 1_000, .ok), (8 << 20, 1 << 41, 1_000, 1_000, .problem), (64 << 20, 1 << 30, 1_000, 1_000, .warning),
      (1 << 30, 1 << 41, 1_000, 1_000, .warning), (1 << 40, 1 << 41, 10, 1_000, .problem), (1 << 40, 1 << 41, 500, 1_000_000, .warning),
      (1 << 40, 1 << 41, 0, 0, .ok),
    ] as [(UInt64, UInt64, UInt64, UInt64, Diagnosis.Verdict)])
  func space(free: UInt64, size: UInt64, freeInodes: UInt64, inodes: UInt64, verdict: Diagnosis.Verdict) {
    let found = SpaceFindings(path: "/var", device: 1, free: free, size: size, freeInodes: freeInodes, inodes: inodes)
    #expect(Self.patient().diagnoseSpace([found, found]).map(\.verdict) == [verdict])
  }

  @Test(
    "inotify is judged by the daemon's word, then by the limits",
    arguments: [
      (0, 0, true, .ok), (0, 0, false, .problem), (110, 0, true, .warning), (0, 9_000, nil, .warning), (1, 2, nil, .ok),
    ] as [(Int, Int, Bool?, Diagnosis.Verdict)])
  func inotify(instances: Int, watches: Int, isWatched: Bool?, verdict: Diagnosis.Verdict) {
    let usage = InotifyUsage(maximumInstances: 128, maximumWatches: 10_000, instances: instances, watches: watches)
    #expect(Self.patient().diagnoseInotify(usage, isWatched: isWatched).map(\.verdict) == [verdict])
  }

  @Test(
    "the clock is plausible, kept right, and near the API's",
    arguments: [
      (0, true, nil, .ok), (0, false, nil, .warning), (0, nil, nil, .unknown), (-2_000_000_000, true, nil, .problem),
      (0, true, 30, .ok), (0, true, 120, .warning), (0, true, -7_200, .problem), (0, false, 120, .warning),
    ] as [(Int, Bool?, Int?, Diagnosis.Verdict)])
  func clock(seconds: Int, isSynchronized: Bool?, server: Int?, verdict: Diagnosis.Verdict) {
    let now = start + .seconds(seconds)
    let found = ClockFindings(now: now, isSynchronized: isSynchronized, server: server.map { (now + .seconds($0), now) })
    #expect(Self.patient().diagnoseClock(found).map(\.verdict) == [verdict])
  }

  @Test(
    "a unit is installed, current, enabled, and has not failed",
    arguments: [
      ("LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no\nFragmentPath=/u", [.ok], nil),
      ("LoadState=not-found\n", [.warning], "make install"), ("LoadState=masked\n", [.problem], "systemctl unmask progress-syncd && START"),
      ("LoadState=loaded\nNeedDaemonReload=yes\n", [.warning], "systemctl daemon-reload"),
      ("LoadState=loaded\nActiveState=failed\nResult=watchdog\n", [.problem], "START"),
      ("LoadState=loaded\nActiveState=activating\nResult=exit-code\nExecMainStatus=217\n", [.problem], "journalctl -u progress-syncd -e"),
      ("LoadState=loaded\nActiveState=activating\nResult=success\n", [.ok], nil),
      ("LoadState=loaded\nUnitFileState=disabled\n", [.warning], "systemctl enable"),
    ] as [(String, [Diagnosis.Verdict], String?)])
  func unit(output: String, verdicts: [Diagnosis.Verdict], fix: String?) {
    expect(Self.patient().diagnoseUnit(UnitFindings(output: output)), verdicts, fix)
    #expect(Self.patient(isNamed: true).diagnoseUnit(UnitFindings(output: output)).map(\.verdict) == [.unknown])
  }

  @Test(
    "the daemon's user may read a file, or enter a directory, by the bits that are for it",
    arguments: [
      (0o644, false, 0, true), (0o600, false, 0, false), (0o640, false, 0, false), (0o640, false, 900, true), (0o604, false, 900, false),
      (0o755, true, 0, true), (0o700, true, 0, false), (0o744, true, 0, false), (0o750, true, 900, true),
    ] as [(UInt32, Bool, UInt32, Bool)])
  func openness(permissions: UInt32, isDirectory: Bool, group: UInt32, isOpen: Bool) {
    let place = GuardedPath(path: "/p", isDirectory: isDirectory, owner: 0, group: group, permissions: permissions)
    #expect(place.isOpen(to: Self.daemonUser, of: [900]) == isOpen)
    #expect(place.isOpen(to: 0, of: []))
    var own = place
    own.owner = Self.daemonUser
    #expect(own.isOpen(to: Self.daemonUser, of: [900]))
  }

  @Test("a configuration that the daemon may not read, or that would not hold, is a problem, and one that would is not mentioned")
  func configuration() {
    let file = GuardedPath(path: "/etc/c.yaml", isDirectory: false, owner: 0, group: 0, permissions: 0o600)
    let directory = GuardedPath(path: "/etc", isDirectory: true, owner: 0, group: 0, permissions: 0o700)
    #expect(Self.patient().diagnoseConfiguration(ConfigurationFindings()) == [])
    expect(Self.patient().diagnoseConfiguration(.init(closed: [file])), [.problem], "sudo chmod a+r /etc/c.yaml")
    expect(Self.patient().diagnoseConfiguration(.init(closed: [directory])), [.problem], "sudo chmod a+x /etc")
    var patient = Self.patient()
    patient.configuration.api.tokenFile = file.path
    expect(
      patient.diagnoseConfiguration(.init(daemonUser: 900, closed: [file])), [.problem],
      "sudo chown \(Self.daemonName) /etc/c.yaml && sudo chmod 600")
    expect(Self.patient().diagnoseConfiguration(.init(fault: "no")), [.problem], "progressctl config check")
  }

  @Test(
    "a mended configuration is taken over by a reload, or by a start where no daemon runs",
    arguments: [
      (ServiceKind.system, UInt32(0), "systemctl reload-or-restart progress-syncd"),
      (.system, 1000, "sudo systemctl reload-or-restart progress-syncd"),
      (.user, 1000, "systemctl --user reload-or-restart progress-syncd"),
    ])
  func mendedConfiguration(kind: ServiceKind, user: UInt32, takeOver: String) {
    let fix = "mend it, then progressctl config check && \(takeOver)"
    #expect(Self.patient(kind: kind, user: user).diagnoseConfiguration(.init(fault: "no")).map(\.fix) == [fix])
    expect(Self.patient(isNamed: true).diagnoseConfiguration(.init(fault: "no")), [.problem], "progressctl reload")
  }

  @Test("of a configuration that cannot be read each problem is one, and a daemon that answers goes by another")
  func unreadableConfiguration() {
    let patient = Self.patient()
    let problems = ["c.yaml:1: no", "c.yaml:2: nor that"]
    expect(patient.diagnoseConfiguration(unreadable: problems, .nobody), [.problem, .problem], "reload-or-restart")
    let found = patient.diagnoseConfiguration(unreadable: problems, .status(Self.report()))
    expect(found, [.problem, .problem, .ok], "reload-or-restart")
    #expect(found.last?.check == .daemon && found.last?.message == "progress-syncd runs, and goes by what it has read before")
  }

  @Test("how a unit has ended is named, with the status where there is one")
  func unitResult() {
    func message(_ output: String) -> String? { Self.patient().diagnoseUnit(UnitFindings(output: output)).first?.message }
    let waiting = "the daemon fails, and is started again and again: "
    #expect(message("ActiveState=activating\nResult=exit-code\nExecMainStatus=226\n") == waiting + "exit-code, status 226")
    #expect(message("ActiveState=activating\nResult=watchdog\nExecMainStatus=6\n") == waiting + "watchdog")
    #expect(message("ActiveState=failed\nResult=exit-code\nExecMainStatus=78\n") == "the daemon has failed: exit-code, status 78")
  }

  @Test("a diagnosis is a line, and another one with the way out")
  func lines() {
    let diagnosis = Diagnosis.problem(.spool, "you may\nnot drop", fix: "sudo usermod")
    #expect(
      diagnosis.lines(style: .plain) == """
        problem      spool          you may\\nnot drop
                                    → sudo usermod

        """)
  }

  /// The verdicts, and the first fix that is not about something well.
  func expect(
    _ found: [Diagnosis], _ verdicts: [Diagnosis.Verdict], _ fix: String?, location: SourceLocation = #_sourceLocation
  ) {
    #expect(found.map(\.verdict) == verdicts, "\(found)", sourceLocation: location)
    let first = found.compactMap(\.fix).first
    #expect(fix.map { first?.contains($0) ?? false } ?? (first == nil), "\(found)", sourceLocation: location)
  }
}
