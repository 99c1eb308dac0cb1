import CSystemd
import Glibc

/// A connection to the session bus of the person who runs the program;
/// [sd-bus(3)](https://www.freedesktop.org/software/systemd/man/252/sd-bus.html).
///
/// Its calls block, each for no longer than its patience.
final class SessionBus {
  private let bus: OpaquePointer
  private let patience: Duration

  /// Connects to the bus of `$DBUS_SESSION_BUS_ADDRESS`, or of `$XDG_RUNTIME_DIR`.
  init(patience: Duration) throws(SessionBusError) {
    var opened: OpaquePointer?
    let code = sd_bus_open_user_with_description(&opened, "progress-syncd")
    guard code >= 0, let opened else { throw SessionBusError(code: code, error: sd_bus_error()) }
    (bus, self.patience) = (opened, patience)
    try greet()
  }

  deinit { sd_bus_close_unref(bus) }

  /// How soon it is seen that nobody waits for the bus any more.
  private static let cancellationPeriod = Duration.milliseconds(100)

  /// Waits until the bus has let us in: the first call would do so too, but for as long as the library likes.
  private func greet() throws(SessionBusError) {
    let deadline = ContinuousClock.now + patience
    while true {
      let isReady = sd_bus_is_ready(bus)
      if isReady > 0 { return }
      let done = isReady < 0 ? isReady : sd_bus_process(bus, nil)
      guard done >= 0 else { throw SessionBusError(code: done, error: sd_bus_error()) }
      let rest = deadline - .now
      guard rest > .zero else { throw .silent }
      guard !Task.isCancelled else { throw .givenUp }
      if done == 0 { sd_bus_wait(bus, min(rest, Self.cancellationPeriod).inMicroseconds) }
    }
  }

  /// Calls a method and reads its answer.
  func call<Answer>(
    _ method: String, of interface: String, at path: String, on service: String, arguments: (BusMessage) -> Void = { _ in },
    read: (BusMessage) -> Answer
  ) throws(SessionBusError) -> Answer {
    var made: OpaquePointer?
    let code = sd_bus_message_new_method_call(bus, &made, service, path, interface, method)
    guard code >= 0, let made else { throw SessionBusError(code: code, error: sd_bus_error()) }
    let message = BusMessage(made)
    arguments(message)
    var (error, reply) = (sd_bus_error(), OpaquePointer?.none)
    defer { sd_bus_error_free(&error) }
    let result = sd_bus_call(bus, message.pointer, patience.inMicroseconds, &error, &reply)
    guard result >= 0, let reply else { throw SessionBusError(code: result, error: error) }
    // Signals that came along are of no interest, and must not pile up.
    while sd_bus_process(bus, nil) > 0 {}
    return read(BusMessage(reply))
  }
}

/// One message, to be filled in or to be read. Filling in fails only for want of memory, or of a type that the program got wrong; the call
/// is refused then.
final class BusMessage {
  let pointer: OpaquePointer

  /// Takes the message over.
  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  deinit { sd_bus_message_unref(pointer) }

  func append(_ text: String) { sd_bus_message_append_basic(pointer, .string, text) }

  func append(_ number: UInt32) { withUnsafePointer(to: number) { _ = sd_bus_message_append_basic(pointer, .uint32, $0) } }

  func append(_ number: Int32) { withUnsafePointer(to: number) { _ = sd_bus_message_append_basic(pointer, .int32, $0) } }

  func append(_ number: UInt8) { withUnsafePointer(to: number) { _ = sd_bus_message_append_basic(pointer, .byte, $0) } }

  /// Appends an array, a dictionary's entry or a variant of the given contents.
  func append(_ type: CChar, of contents: String, _ fill: () -> Void) {
    sd_bus_message_open_container(pointer, type, contents)
    fill()
    sd_bus_message_close_container(pointer)
  }

  func readUInt32() -> UInt32? {
    var number: UInt32 = 0
    return sd_bus_message_read_basic(pointer, .uint32, &number) > 0 ? number : nil
  }

  func readStrings() -> [String] {
    var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    guard sd_bus_message_read_strv(pointer, &list) >= 0, let list else { return [] }
    defer { free(list) }
    var strings: [String] = []
    for index in 0... {
      guard let string = list[index] else { break }
      strings.append(String(cString: string))
      free(string)
    }
    return strings
  }
}

/// Types of the [D-Bus specification](https://dbus.freedesktop.org/doc/dbus-specification.html#type-system).
extension CChar {
  static let array = CChar(UInt8(ascii: "a"))
  static let byte = CChar(UInt8(ascii: "y"))
  static let entry = CChar(UInt8(ascii: "e"))
  static let int32 = CChar(UInt8(ascii: "i"))
  static let string = CChar(UInt8(ascii: "s"))
  static let uint32 = CChar(UInt8(ascii: "u"))
  static let variant = CChar(UInt8(ascii: "v"))
}

extension Duration {
  fileprivate var inMicroseconds: UInt64 {
    let (seconds, attoseconds) = components
    return UInt64(max(0, seconds)) * 1_000_000 + UInt64(max(0, attoseconds)) / 1_000_000_000_000
  }
}
