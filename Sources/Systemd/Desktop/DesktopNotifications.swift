import Threads

/// The program of a person's desktop that shows notices;
/// [Desktop Notifications](https://specifications.freedesktop.org/notification-spec/latest/).
///
/// The connection stays as long as something is shown: desktops take away the notices of a program that has left the bus.
/// Everything happens on a thread of its own, because calls on the bus block.
package actor DesktopNotifications {
  private let executor = BlockingExecutor(label: "desktop-notices")
  private let patience: Duration
  private var bus: SessionBus?
  private var hasMarkup = false
  private var shown: Set<UInt32> = []

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// - Parameter patience: How long one call may take.
  package init(patience: Duration = .seconds(2)) {
    self.patience = patience
  }

  /// Shows a notice, in the place of the one with the number `replaced` if that is still there; returns its number.
  ///
  /// Throws `SessionBusError` where there is no bus, or nobody who shows notices, and when the task is cancelled before it is shown.
  package func show(_ notice: DesktopNotice, inPlaceOf replaced: UInt32?) throws(SessionBusError) -> UInt32 {
    do throws(SessionBusError) {
      let number = try notify(notice, inPlaceOf: replaced ?? 0)
      shown.insert(number)
      return number
    } catch {
      (bus, shown) = (nil, [])
      throw error
    }
  }

  /// Takes a notice away. What is not there any more need not be; nor must a desktop that is gone.
  package func close(_ number: UInt32) {
    guard shown.remove(number) != nil, let bus else { return }
    do throws(SessionBusError) {
      try bus.call("CloseNotification", of: Self.name, at: Self.path, on: Self.name, arguments: { $0.append(number) }, read: { _ in })
      if shown.isEmpty { self.bus = nil }
    } catch .refused {
      // The person has closed it already.
      if shown.isEmpty { self.bus = nil }
    } catch {
      (self.bus, shown) = (nil, [])
    }
  }

  private func notify(_ notice: DesktopNotice, inPlaceOf replaced: UInt32) throws(SessionBusError) -> UInt32 {
    // A connection that was idle may have died with its desktop, which only its next use tells.
    if let bus, let number = try? send(notice, inPlaceOf: replaced, on: bus) { return number }
    try Self.checkCancellation()
    let bus = try SessionBus(patience: patience)
    try Self.checkCancellation()
    let abilities = try bus.call("GetCapabilities", of: Self.name, at: Self.path, on: Self.name) { $0.readStrings() }
    (self.bus, hasMarkup) = (bus, abilities.contains("body-markup"))
    try Self.checkCancellation()
    return try send(notice, inPlaceOf: replaced, on: bus)
  }

  /// A bus that hangs takes its patience for each call; the end of the daemon waits for one at most.
  private static func checkCancellation() throws(SessionBusError) {
    if Task.isCancelled { throw .givenUp }
  }

  private func send(_ notice: DesktopNotice, inPlaceOf replaced: UInt32, on bus: SessionBus) throws(SessionBusError) -> UInt32 {
    let number = try bus.call("Notify", of: Self.name, at: Self.path, on: Self.name) { message in
      message.append(Self.applicationName)
      message.append(replaced)
      message.append(notice.icon)
      message.append(notice.title.singleLine)
      message.append(notice.body(withMarkup: hasMarkup))
      message.append(.array, of: "s") {}
      message.append(.array, of: "{sv}") {
        message.appendHint("urgency", "y") { message.append(notice.urgency.rawValue) }
        message.appendHint("desktop-entry", "s") { message.append(Self.desktopEntry) }
      }
      message.append(Self.neverExpires)
    } read: {
      $0.readUInt32()
    }
    guard let number else { throw .refused(name: Self.name, message: "the notice has no number") }
    return number
  }

  private static let name = "org.freedesktop.Notifications"
  private static let path = "/org/freedesktop/Notifications"
  private static let applicationName = "Progress Sync"
  private static let desktopEntry = "progress-sync"
  /// Who is away from the desk finds it on coming back.
  private static let neverExpires: Int32 = 0
}

extension BusMessage {
  fileprivate func appendHint(_ name: String, _ type: String, _ value: () -> Void) {
    append(.entry, of: "sv") {
      append(name)
      append(.variant, of: type, value)
    }
  }
}
