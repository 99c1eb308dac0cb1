import CSpool
package import SystemPackage

/// A POSIX access control list ([acl(5)](https://man7.org/linux/man-pages/man5/acl.5.html)), as the kernel keeps it in an extended attribute.
package struct AccessList: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package let subject: Subject
    /// 4 to read, 2 to write, 1 to execute or search.
    package let permissions: UInt16

    package init(_ subject: Subject, _ permissions: UInt16) {
      (self.subject, self.permissions) = (subject, permissions)
    }
  }

  package enum Subject: Hashable, Sendable {
    case owner
    case user(UInt32)
    case owningGroup
    case group(UInt32)
    case mask
    case others
  }

  package let entries: [Entry]

  package init(_ entries: [Entry]) {
    self.entries = entries
  }

  /// The groups that may do all of `permissions` by an entry of their own, within the mask.
  package func groups(allowed permissions: UInt16) -> [UInt32] {
    let mask = entries.first { $0.subject == .mask }?.permissions ?? 7
    return entries.compactMap { entry in
      guard case .group(let group) = entry.subject else { return nil }
      return entry.permissions & mask & permissions == permissions ? group : nil
    }
  }
}

extension AccessList {
  package enum Kind: String {
    case access = "system.posix_acl_access"
    /// What is made in a directory begins with.
    case initial = "system.posix_acl_default"
  }

  /// The list of a file or directory; nil where there is none, or the file system has none.
  package init?(_ kind: Kind, of path: FilePath) {
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let count = bytes.withUnsafeMutableBytes { buffer in
      path.withPlatformString { cspool_getxattr($0, kind.rawValue, buffer.baseAddress, UInt(buffer.count)) }
    }
    guard count > 0 else { return nil }
    self.init(attribute: bytes.prefix(count))
  }

  /// Reads `linux/posix_acl_xattr.h`: a version in four bytes, then two of a tag, two of permissions and four of an id for each entry,
  /// all little-endian.
  init?(attribute: some Collection<UInt8>) {
    let bytes = Array(attribute)
    func number(at offset: Int, bytes count: Int) -> UInt32 {
      (0..<count).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) }
    }
    guard bytes.count >= 4, (bytes.count - 4).isMultiple(of: 8), number(at: 0, bytes: 4) == 2 else { return nil }
    var entries: [Entry] = []
    for offset in stride(from: 4, to: bytes.count, by: 8) {
      let id = number(at: offset + 4, bytes: 4)
      let subject: Subject
      switch number(at: offset, bytes: 2) {
      case 0x01: subject = .owner
      case 0x02: subject = .user(id)
      case 0x04: subject = .owningGroup
      case 0x08: subject = .group(id)
      case 0x10: subject = .mask
      case 0x20: subject = .others
      default: return nil
      }
      entries.append(Entry(subject, UInt16(number(at: offset + 2, bytes: 2))))
    }
    self.init(entries)
  }
}
