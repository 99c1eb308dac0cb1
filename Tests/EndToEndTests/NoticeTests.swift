import Foundation
import Glibc
import Hummingbird
import TestSupport
import Testing

@Suite("A user's daemon tells the person at the desktop", .enabled(if: SessionBusDaemon.isPossible, "there is no dbus-daemon"))
struct NoticeTests {
  private let machine: Workstation
  private let bus: SessionBusDaemon
  private let desktop: NotificationServer

  init() throws {
    machine = try Workstation()
    bus = try SessionBusDaemon()
    desktop = try NotificationServer(on: bus.address)
  }

  private func startDaemon() async throws {
    try await machine.startDaemon("--user", environment: ["DBUS_SESSION_BUS_ADDRESS": bus.address])
  }

  @Test("once that its token is not accepted, and where to put a new one; when it is mended, the notice goes")
  func held() async throws {
    try await machine.startAPI()
    let token = machine.directory.appending(path: "token")
    try Data("old\n".utf8).write(to: token)
    let proxy = RecordingProxy(token: "new")
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure("api.token_file: \(token.path)\ndebounce: {intensity: 10ms}")
      try await startDaemon()
      for day in 1...20 { try machine.drop(rating("easy", day: day)) }
      try await eventually("the person is told") { !desktop.notices.isEmpty }
      // Each of these asks the API again, with the same answer.
      for number in 2...4 {
        let asked = proxy.requests.count
        try #require(machine.daemon).send(SIGUSR1)
        try await eventually("it was asked again, \(number)") { proxy.requests.count > asked }
      }
      try Data("new\n".utf8).write(to: token, options: .atomic)
      try await eventually("the notice is taken away") { !desktop.closed.isEmpty }
      try await eventually("everything is delivered") { try machine.isDone() }
      try await machine.stopDaemon()
    }
    let notice = try #require(desktop.notices.first)
    #expect(desktop.notices.count == 1)
    #expect(desktop.closed == [notice.number])
    #expect(notice.title == "Progress Sync needs a valid token" && notice.urgency == 2)
    #expect(notice.body.contains("401") && notice.body.contains("Put a valid token into \(token.path)"))
    #expect(try machine.daemonLog.contains("error A person is needed: everything waits, as the API answers 401"))
    #expect(try machine.daemonLog.contains("notice No person is needed any more: the API accepts us again"))
  }

  @Test("that actions were refused, in one notice however many they are, unless it is turned off")
  func failed() async throws {
    try await machine.startAPI()
    let proxy = RecordingProxy { _ in
      Response(
        status: .unprocessableContent, headers: [.contentType: "application/json"],
        body: .init(byteBuffer: .init(string: "{\"detail\":\"no <such> session\"}")))
    }
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure("notices.desktop: false\ndebounce: {intensity: 10ms}")
      try await startDaemon()
      try machine.drop(rating("easy", day: 1))
      try await eventually("the journal has it") { try machine.daemonLog.contains("error A person is needed: the API has refused") }
      try await machine.stopDaemon()
      #expect(desktop.notices.isEmpty)
      try machine.configure("debounce: {intensity: 10ms}")
      try await startDaemon()
      for day in 2...40 { try machine.drop(rating("easy", day: day)) }
      try await eventually("the person is told") { !desktop.notices.isEmpty }
      try await eventually("all of them were refused") { try machine.daemonLog.ranges(of: "❌ Rejected by the API").count == 40 }
      try await machine.stopDaemon()
    }
    #expect(desktop.notices.count == 1)
    #expect(desktop.notices.first?.body.contains("no &lt;such&gt; session") == true)
    #expect(desktop.notices.first?.body.contains("progressctl failed") == true)
    #expect(desktop.closed.count == 1, "a daemon that ends leaves nothing behind that nobody would take away")
  }

  @Test("and works as ever where there is no desktop")
  func nobody() async throws {
    try await machine.startAPI()
    let proxy = RecordingProxy(token: "new")
    try await proxy.serve(to: machine.apiURL) { port in
      machine.proxyPort = port
      try machine.configure("log.level: debug\ndebounce: {intensity: 10ms}")
      bus.end()
      try await startDaemon()
      try machine.drop(rating("easy", day: 1))
      try await eventually("it is said") { try machine.daemonLog.contains("debug No notice on the desktop: no session bus") }
      #expect(try machine.daemonLog.contains("error A person is needed"))
      try await machine.stopDaemon()
    }
  }
}
