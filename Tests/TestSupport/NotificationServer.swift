import CSystemd
// Dispatch objects may be used from any thread, which the library has not told the compiler yet.
@preconcurrency import Dispatch
import Foundation
import Synchronization

/// A session bus of a test's own: a dbus-daemon that knows no programs to start.
package final class SessionBusDaemon {
  package let address: String
  private let process = Process()
  private let directory: URL

  /// Whether there is a dbus-daemon to run.
  package static let isPossible = access("/usr/bin/dbus-daemon", X_OK) == 0

  /// Returns when the bus takes connections.
  package init() throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "bus-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    let file = directory.appending(path: "bus.conf")
    let configuration = """
      <busconfig>
        <type>session</type>
        <listen>unix:path=\(directory.path)/bus</listen>
        <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
      </busconfig>
      """
    try Data(configuration.utf8).write(to: file)
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/dbus-daemon")
    process.arguments = ["--config-file=\(file.path)", "--nofork", "--nopidfile", "--print-address=1"]
    process.standardOutput = output
    // It complains of limits that it may not raise.
    process.standardError = FileHandle.nullDevice
    try process.run()
    // It is printed when it listens.
    let words = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    address = words.split(separator: "\n").first.map(String.init) ?? ""
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    // What is left lies in the system's own temporary directory.
    try? FileManager.default.removeItem(at: directory)
  }

  /// Ends the bus, as a log-out does.
  package func end() {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}

/// A desktop's notification server that shows nothing and remembers everything.
package final class NotificationServer {
  package struct Notice: Hashable, Sendable {
    package var number: UInt32
    package var replaced: UInt32
    package var application = ""
    package var icon = ""
    package var title = ""
    package var body = ""
    package var urgency: UInt8?
    package var desktopEntry: String?
    package var expiry: Int32 = 0
  }

  fileprivate struct Record {
    var notices: [Notice] = []
    var closed: [UInt32] = []
    let abilities: [String]
  }

  private final class Desk: Sendable {
    let record: Mutex<Record>

    init(_ record: Record) { self.record = Mutex(record) }
  }

  private let desk: Desk
  private let source: any DispatchSourceRead

  package var notices: [Notice] { desk.record.withLock { $0.notices } }
  /// The numbers of the notices that were taken away, in order.
  package var closed: [UInt32] { desk.record.withLock { $0.closed } }

  /// Serves on the bus at `address` from now on.
  package init(on address: String, abilities: [String] = ["body", "body-markup"]) throws {
    let desk = Desk(Record(abilities: abilities))
    let bus = try Self.connect(to: address)
    let context = Unmanaged.passRetained(desk)
    var slot: OpaquePointer?
    try Self.check(
      sd_bus_add_object(
        bus, &slot, "/org/freedesktop/Notifications",
        { message, context, _ in
          guard let message, let context else { return 0 }
          let desk = Unmanaged<Desk>.fromOpaque(context).takeUnretainedValue()
          return desk.record.withLock { $0.answer(message) }
        }, context.toOpaque()))
    try Self.check(sd_bus_request_name(bus, "org.freedesktop.Notifications", 0))
    // What came with the answers to these calls is in memory already, and rings no more.
    while sd_bus_process(bus, nil) > 0 {}
    let connection = UInt(bitPattern: bus)
    source = DispatchSource.makeReadSource(fileDescriptor: sd_bus_get_fd(bus), queue: DispatchQueue(label: "notification-server"))
    source.setEventHandler { while sd_bus_process(OpaquePointer(bitPattern: connection), nil) > 0 {} }
    source.setCancelHandler {
      sd_bus_close_unref(OpaquePointer(bitPattern: connection))
      context.release()
    }
    source.activate()
    self.desk = desk
  }

  deinit { source.cancel() }

  private static func connect(to address: String) throws -> OpaquePointer {
    var bus: OpaquePointer?
    try check(sd_bus_new(&bus))
    guard let bus else { throw POSIXError(.ENOMEM) }
    try check(sd_bus_set_address(bus, address))
    try check(sd_bus_set_bus_client(bus, 1))
    try check(sd_bus_start(bus))
    return bus
  }

  private static func check(_ code: CInt) throws {
    if code < 0 { throw POSIXError(POSIXErrorCode(rawValue: -code) ?? .EIO) }
  }
}

extension NotificationServer.Record {
  /// Answers a call; returns whether it is one of the protocol.
  fileprivate mutating func answer(_ call: OpaquePointer) -> CInt {
    let member = sd_bus_message_get_member(call).map { String(cString: $0) }
    var made: OpaquePointer?
    guard ["GetCapabilities", "Notify", "CloseNotification"].contains(member), sd_bus_message_new_method_return(call, &made) >= 0,
      let reply = made
    else { return 0 }
    defer { sd_bus_message_unref(reply) }
    switch member {
    case "GetCapabilities":
      sd_bus_message_open_container(reply, CChar(UInt8(ascii: "a")), "s")
      for ability in abilities { sd_bus_message_append_basic(reply, CChar(UInt8(ascii: "s")), ability) }
      sd_bus_message_close_container(reply)
    case "Notify":
      let notice = take(call)
      withUnsafePointer(to: notice.number) { _ = sd_bus_message_append_basic(reply, CChar(UInt8(ascii: "u")), $0) }
    default:
      closed.append(read(call, "u", 0))
    }
    return sd_bus_send(nil, reply, nil) < 0 ? 0 : 1
  }

  private mutating func take(_ call: OpaquePointer) -> NotificationServer.Notice {
    let application = readText(call)
    let replaced: UInt32 = read(call, "u", 0)
    var notice = NotificationServer.Notice(number: replaced == 0 ? UInt32(notices.count + 1) : replaced, replaced: replaced)
    notice.application = application
    (notice.icon, notice.title, notice.body) = (readText(call), readText(call), readText(call))
    sd_bus_message_skip(call, "as")
    sd_bus_message_enter_container(call, CChar(UInt8(ascii: "a")), "{sv}")
    while sd_bus_message_enter_container(call, CChar(UInt8(ascii: "e")), "sv") > 0 {
      switch readText(call) {
      case "urgency":
        sd_bus_message_enter_container(call, CChar(UInt8(ascii: "v")), "y")
        notice.urgency = read(call, "y", UInt8(0))
        sd_bus_message_exit_container(call)
      case "desktop-entry":
        sd_bus_message_enter_container(call, CChar(UInt8(ascii: "v")), "s")
        notice.desktopEntry = readText(call)
        sd_bus_message_exit_container(call)
      default:
        sd_bus_message_skip(call, "v")
      }
      sd_bus_message_exit_container(call)
    }
    sd_bus_message_exit_container(call)
    notice.expiry = read(call, "i", Int32(0))
    notices.append(notice)
    return notice
  }

  private func read<Number: FixedWidthInteger>(_ message: OpaquePointer, _ type: Unicode.Scalar, _ initial: Number) -> Number {
    var number = initial
    sd_bus_message_read_basic(message, CChar(UInt8(ascii: type)), &number)
    return number
  }

  private func readText(_ message: OpaquePointer) -> String {
    var text: UnsafePointer<CChar>?
    sd_bus_message_read_basic(message, CChar(UInt8(ascii: "s")), &text)
    return text.map { String(cString: $0) } ?? ""
  }
}
