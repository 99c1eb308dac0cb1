import Glibc
import Testing

@testable import Systemd

// What a notifier does depends on the environment of the whole process, so each of these tests runs in a process of its own.
@Suite("Notifying systemd")
struct ServiceNotifierTests {
  @Test("Each call arrives as one datagram, in the words of the protocol")
  func datagrams() async {
    await #expect(processExitsWith: .success) {
      let systemd = try NotifySocket()
      setenv("NOTIFY_SOCKET", systemd.path, 1)
      let notifier = ServiceNotifier()
      #expect(notifier.notify(.ready, .status("2 waiting, 0 failed")))
      #expect(notifier.notify(.alive))
      #expect(notifier.notify(.stopping, .extendTimeout(by: .seconds(5))))
      #expect(systemd.receive() == "READY=1\nSTATUS=2 waiting, 0 failed")
      #expect(systemd.receive() == "WATCHDOG=1")
      #expect(systemd.receive() == "STOPPING=1\nEXTEND_TIMEOUT_USEC=5000000")
      #expect(systemd.receive() == nil)
    }
  }

  @Test("A reload carries the time of the monotonic clock")
  func reloading() async {
    await #expect(processExitsWith: .success) {
      let systemd = try NotifySocket()
      setenv("NOTIFY_SOCKET", systemd.path, 1)
      let before = monotonicMicroseconds()
      ServiceNotifier().notifyReloading()
      let after = monotonicMicroseconds()
      let lines = try #require(systemd.receive()).split(separator: "\n")
      #expect(lines.first == "RELOADING=1")
      let stamp = try #require(lines.last.flatMap { Int($0.dropFirst("MONOTONIC_USEC=".count)) })
      #expect((before...after).contains(stamp))
    }
  }

  @Test("Without systemd nothing is sent and nothing is watched")
  func absent() async {
    await #expect(processExitsWith: .success) {
      for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] { unsetenv(name) }
      #expect(!ServiceNotifier().notify(.ready))
      #expect(ServiceNotifier().watchdogInterval == nil)
    }
  }

  @Test("A socket that nobody holds is no failure of the service")
  func unheard() async {
    await #expect(processExitsWith: .success) {
      setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1)
      #expect(!ServiceNotifier().notify(.ready))
    }
  }

  @Test("The watchdog's interval is the one systemd set for this process")
  func watchdog() async {
    await #expect(processExitsWith: .success) {
      setenv("WATCHDOG_USEC", "30000000", 1)
      setenv("WATCHDOG_PID", String(getpid()), 1)
      #expect(ServiceNotifier().watchdogInterval == .seconds(30))
      setenv("WATCHDOG_PID", String(getpid() + 1), 1)
      #expect(ServiceNotifier().watchdogInterval == nil)
    }
  }
}

@Suite("Notifications")
struct ServiceNotificationTests {
  @Test(
    "A notification is spelled as sd_notify(3) has it",
    arguments: [
      (.ready, "READY=1"),
      (.stopping, "STOPPING=1"),
      (.alive, "WATCHDOG=1"),
      (.reloading(since: .seconds(2) + .microseconds(7)), "RELOADING=1\nMONOTONIC_USEC=2000007"),
      (.extendTimeout(by: .milliseconds(1500)), "EXTEND_TIMEOUT_USEC=1500000"),
      (.status("3 waiting; last synced 4 s ago ✅"), "STATUS=3 waiting; last synced 4 s ago ✅"),
      (.status("processing evil\nWATCHDOG=trigger"), #"STATUS=processing evil\nWATCHDOG=trigger"#),
      (.status("a\r\u{0}\u{1b}[2Jb\u{85}c\u{2028}d"), #"STATUS=a\r\0\u{1B}[2Jb\u{0085}c\u{2028}d"#),
    ] as [(ServiceNotification, String)])
  func spelling(notification: ServiceNotification, assignments: String) {
    #expect(notification.assignments == assignments)
  }

  @Test("A status that systemd would ignore for its length is cut between characters", arguments: ["x", "é", "👩‍👩‍👧‍👦"])
  func longStatus(character: String) {
    let text = ServiceNotification.status(String(repeating: character, count: 5_000)).assignments.dropFirst("STATUS=".count)
    #expect(text.utf8.count == 2_048 / character.utf8.count * character.utf8.count)
    #expect(text.allSatisfy { String($0) == character })
  }
}

private func monotonicMicroseconds() -> Int {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
}
