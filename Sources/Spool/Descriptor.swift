import Glibc
import SystemPackage

/// An open file descriptor with one owner; closed when the owner goes.
struct Descriptor: ~Copyable {
  let number: CInt

  /// Takes over what `open` returned, or throws why it failed.
  init(opening open: () -> CInt) throws(Errno) {
    number = try checked(open)
  }

  /// Takes over one that is open.
  init(number: CInt) {
    self.number = number
  }

  deinit {
    // Nothing was written through a descriptor that is closed here without an fsync, so there is nothing left to fail.
    _ = close(number)
  }

  func sync() throws(Errno) {
    let number = number
    _ = try checked { fsync(number) }
  }

  func status() throws(Errno) -> FileStatus {
    let number = number
    var buffer = stat()
    _ = try checked { fstat(number, &buffer) }
    return FileStatus(buffer)
  }

  /// At most `limit` bytes from the beginning of the file.
  func read(atMost limit: Int) throws(Errno) -> [UInt8] {
    let number = number
    var failure: Errno?
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      do throws(Errno) {
        while count < limit {
          let offset = count
          let got = try checked { pread(number, buffer.baseAddress.map { $0 + offset }, limit - offset, off_t(offset)) }
          if got == 0 { break }
          count += got
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  func write(_ bytes: [UInt8]) throws(Errno) {
    let number = number
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = try checked { rest.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) } }
      rest = rest.dropFirst(written)
    }
  }
}

/// The result of a system call, repeated when a signal interrupted it.
@discardableResult
func checked<Number: SignedInteger>(_ call: () -> Number) throws(Errno) -> Number {
  while true {
    let result = call()
    if result >= 0 { return result }
    let code = Errno(rawValue: errno)
    if code != .interrupted { throw code }
  }
}
