import CSystemEvents
import CTestSupport
import Glibc
import SystemPackage

/// A network namespace of its own, in which there is nothing but a loopback interface that is down.
final class PrivateNetwork {
  /// A netlink socket in it, in the groups of `NetworkWatch`.
  let notices: CInt
  private let control: CInt

  static let isPossible = (try? PrivateNetwork()) != nil

  /// Throws where network namespaces cannot be made; it takes CAP_SYS_ADMIN.
  init() throws(Errno) {
    // A namespace belongs to a thread, and its sockets stay in it when the thread is gone.
    var thread = pthread_t()
    var sockets = (notices: CInt(-1), control: CInt(-1), reason: CInt(0))
    let code = withUnsafeMutablePointer(to: &sockets) { sockets in
      pthread_create(&thread, nil, { PrivateNetwork.open($0) }, sockets) == 0 ? pthread_join(thread, nil) : EAGAIN
    }
    guard code == 0, sockets.notices >= 0, sockets.control >= 0 else { throw Errno(rawValue: code == 0 ? sockets.reason : code) }
    (notices, control) = (sockets.notices, sockets.control)
  }

  deinit { close(control) }

  private static func open(_ result: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let sockets = result?.assumingMemoryBound(to: (notices: CInt, control: CInt, reason: CInt).self) else { return nil }
    if ctestsupport_unshare_network() == 0 {
      sockets.pointee.notices = csystemevents_network_socket()
      sockets.pointee.control = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }
    sockets.pointee.reason = errno
    return nil
  }

  func setLoopback(isUp: Bool) throws {
    try configure(SIOCSIFFLAGS, UInt16(isUp ? IFF_UP : 0))
  }

  /// Changes something that leads nowhere.
  func setLoopbackSize(_ size: Int32) throws {
    try configure(SIOCSIFMTU, size)
  }

  func setLoopbackAddress(_ lastByte: UInt8) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(127 << 24 | UInt32(lastByte)).bigEndian
    try configure(SIOCSIFADDR, address)
  }

  /// netdevice(7): a request is the interface's name in 16 bytes, then the value.
  private func configure<Value>(_ request: some BinaryInteger, _ value: Value) throws {
    var buffer = [UInt8](repeating: 0, count: 40)
    let result = buffer.withUnsafeMutableBytes { bytes in
      bytes.copyBytes(from: "lo".utf8)
      bytes.storeBytes(of: value, toByteOffset: 16, as: Value.self)
      return bytes.baseAddress.map { ioctl(control, UInt(request), $0) } ?? -1
    }
    guard result == 0 else { throw Errno(rawValue: errno) }
  }
}
