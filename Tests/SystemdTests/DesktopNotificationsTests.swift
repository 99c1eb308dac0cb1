import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import Systemd

// Which bus is met depends on the environment of the whole process, so each of these tests runs in a process of its own.
@Suite("Notices on a desktop", .enabled(if: SessionBusDaemon.isPossible, "there is no dbus-daemon"))
struct DesktopNotificationsTests {
  @Test("are shown with everything that the specification asks for, replaced, and taken away")
  func life() async {
    await #expect(processExitsWith: .success) {
      let bus = try SessionBusDaemon()
      setenv("DBUS_SESSION_BUS_ADDRESS", bus.address, 1)
      let server = try NotificationServer(on: bus.address)
      let desktop = DesktopNotifications()
      let first = try await desktop.show(notice("one"), inPlaceOf: nil)
      let second = try await desktop.show(notice("two"), inPlaceOf: first)
      #expect(first == second)
      let shown = try #require(server.notices.first)
      #expect(shown.application == "Progress Sync" && shown.icon == "dialog-password" && shown.title == "one")
      #expect(shown.body == "a &lt;b&gt; &amp;\nc" && shown.urgency == 2 && shown.desktopEntry == "progress-sync" && shown.expiry == 0)
      #expect(server.notices.map(\.replaced) == [0, first])
      await desktop.close(second)
      await desktop.close(second)
      #expect(server.closed == [second], "what is closed is not closed again")
      let third = try await desktop.show(notice("three"), inPlaceOf: nil)
      #expect(server.notices.last?.title == "three" && third != first, "after the connection was given up a new one is made")
    }
  }

  @Test("have plain text where the desktop takes it plainly, and no control characters anywhere")
  func plain() async {
    await #expect(processExitsWith: .success) {
      let bus = try SessionBusDaemon()
      setenv("DBUS_SESSION_BUS_ADDRESS", bus.address, 1)
      let server = try NotificationServer(on: bus.address, abilities: ["body"])
      let notice = DesktopNotice(title: "a\u{1b}[2J\nb", body: "<i>\u{7}</i>\n2", icon: "dialog-error", urgency: .normal)
      _ = try await DesktopNotifications().show(notice, inPlaceOf: nil)
      #expect(server.notices.first?.title == "a\\u{1B}[2J\\nb")
      #expect(server.notices.first?.body == "<i>\\u{07}</i>\n2")
      #expect(server.notices.first?.urgency == 1)
    }
  }

  @Test("find the next desktop when theirs has gone")
  func restart() async {
    await #expect(processExitsWith: .success) {
      let desktop = DesktopNotifications()
      do {
        let bus = try SessionBusDaemon()
        setenv("DBUS_SESSION_BUS_ADDRESS", bus.address, 1)
        let server = try NotificationServer(on: bus.address)
        _ = try await desktop.show(notice("one"), inPlaceOf: nil)
        #expect(server.notices.count == 1)
        bus.end()
      }
      let bus = try SessionBusDaemon()
      setenv("DBUS_SESSION_BUS_ADDRESS", bus.address, 1)
      let server = try NotificationServer(on: bus.address)
      _ = try await desktop.show(notice("two"), inPlaceOf: 1)
      #expect(server.notices.map(\.title) == ["two"])
    }
  }

  @Test("are refused with a reason where there is no bus, or nobody who shows them")
  func nobody() async {
    await #expect(processExitsWith: .success) {
      for name in ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"] { unsetenv(name) }
      await #expect(throws: SessionBusError.noBus(reason: "No medium found")) {
        try await DesktopNotifications().show(notice("one"), inPlaceOf: nil)
      }
      setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1)
      await #expect(throws: SessionBusError.noBus(reason: "No such file or directory")) {
        try await DesktopNotifications().show(notice("one"), inPlaceOf: nil)
      }
      let bus = try SessionBusDaemon()
      setenv("DBUS_SESSION_BUS_ADDRESS", bus.address, 1)
      let error = await #expect(throws: SessionBusError.self) { try await DesktopNotifications().show(notice("one"), inPlaceOf: nil) }
      #expect("\(try #require(error))".hasSuffix("(org.freedesktop.DBus.Error.ServiceUnknown)"))
    }
  }

  @Test("give up on a bus that says nothing, in the time that they were given")
  func silence() async {
    await #expect(processExitsWith: .success) {
      let directory = try TemporaryDirectory()
      try listenSilently(in: directory)
      let begun = ContinuousClock.now
      await #expect(throws: SessionBusError.silent) {
        try await DesktopNotifications(patience: .milliseconds(200)).show(notice("one"), inPlaceOf: nil)
      }
      #expect(ContinuousClock.now - begun < .seconds(80), "the library itself would wait for 90 s")
    }
  }

  @Test("give up on it at once when the daemon ends")
  func cancellation() async {
    await #expect(processExitsWith: .success) {
      let directory = try TemporaryDirectory()
      try listenSilently(in: directory)
      let begun = ContinuousClock.now
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          await #expect(throws: SessionBusError.givenUp) {
            try await DesktopNotifications(patience: .seconds(120)).show(notice("one"), inPlaceOf: nil)
          }
        }
        group.cancelAll()
      }
      #expect(ContinuousClock.now - begun < .seconds(60))
    }
  }
}

/// Makes a bus for this process that takes a connection, and never answers.
private func listenSilently(in directory: TemporaryDirectory) throws {
  let path = directory.path.appending("bus").string
  let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
  let size = socklen_t(MemoryLayout<sockaddr_un>.size)
  let isBound = withUnsafePointer(to: address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) } }
  try #require(isBound == 0 && listen(listener, 1) == 0)
  setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=\(path)", 1)
}

private func notice(_ title: String) -> DesktopNotice {
  DesktopNotice(title: title, body: "a <b> &\nc", icon: "dialog-password", urgency: .critical)
}
