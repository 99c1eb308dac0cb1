import SyncDaemon
import SystemPackage
import Systemd

/// What systemd makes of the directory that it loads users' tokens from, as version 252 does: systemd.exec(5), `LoadCredential=`, and
/// `acquire_credentials()` in its src/core/execute.c.
///
/// Each regular file, also of a sub-directory, becomes a credential, with `_` for each `/` of its path. What is hidden is passed over,
/// and what is no file, or a directory without one. One file that it refuses keeps the service from starting, with status 243/CREDENTIALS.
struct TokenCredentials: Hashable {
  /// What becomes a credential.
  private(set) var files: [File] = []
  /// What keeps the service from starting.
  private(set) var refusals: [Remark] = []
  /// What is taken for a token and is none.
  private(set) var passedOver: [Remark] = []
  /// Of the credentials' names and contents, in bytes.
  private var size: Int64 = 0

  struct File: Hashable {
    /// Whom it stands for: the credential's name without its prefix.
    let name: String
    let path: FilePath
  }

  struct Remark: Hashable {
    let path: FilePath
    /// A clause that follows the path.
    let reason: String
    /// What to do.
    let fix: String
  }

  /// `CREDENTIAL_NAME_MAX` of systemd's src/shared/creds-util.h.
  private static let longestName = 255
  /// Of one credential, and of all that a service has.
  private static let largestSize: Int64 = 1 << 20

  /// Looks at everything in a directory; throws when it cannot be listed.
  init(in directory: FilePath) throws(Errno) {
    do throws(Errno) {
      try visit(directory, name: UserTokens.prefix)
    } catch .notDirectory {
      passedOver.append(Remark(path: directory, reason: "is no directory", fix: "put a directory there, with a file for each user"))
    }
    guard size > Self.largestSize else { return }
    let reason = "holds \(size) bytes of credentials, more than 1 MiB"
    refusals.append(Remark(path: directory, reason: reason, fix: "remove what is no token"))
  }

  private mutating func visit(_ directory: FilePath, name prefix: String) throws(Errno) {
    for entry in try directory.entryNames().sorted(by: { $0.string < $1.string }) where !entry.string.hasPrefix(".") {
      let path = directory.appending(entry)
      // What is gone by now is no credential.
      guard let status = try? path.stat(followTargetSymlink: false) else { continue }
      let name = prefix + entry.string
      switch status.type {
      case .directory:
        let before = self
        try visit(path, name: name + "_")
        if self == before {
          passedOver.append(
            Remark(path: path, reason: "is a directory without a file in it", fix: "put the token itself there, or remove it"))
        }
      case .regular: take(path, name: name, size: status.size)
      case .socket: refusals.append(Remark(path: path, reason: "is a socket", fix: "remove it"))
      default:
        let reason = status.type == .symbolicLink ? "is a symbolic link, which systemd does not follow" : "is no file"
        passedOver.append(Remark(path: path, reason: reason, fix: "put the token itself there, or remove it"))
      }
    }
  }

  private mutating func take(_ path: FilePath, name: String, size bytes: Int64) {
    if let reason = Self.fault(ofName: name) {
      return refusals.append(Remark(path: path, reason: reason, fix: "name it like the user, or by the decimal user id, or remove it"))
    }
    guard bytes <= Self.largestSize else {
      return refusals.append(Remark(path: path, reason: "is larger than 1 MiB", fix: "put the token there on one line, or remove it"))
    }
    size += Int64(name.utf8.count) + bytes
    files.append(File(name: String(name.dropFirst(UserTokens.prefix.count)), path: path))
  }

  /// `fdname_is_valid()` in systemd's src/basic/fd-util.c.
  private static func fault(ofName name: String) -> String? {
    let bytes = name.utf8
    if bytes.contains(UInt8(ascii: ":")) { return "has a ':' in its name" }
    if !bytes.allSatisfy({ (0x20..<0x7F).contains($0) }) { return "has something else than printable ASCII in its name" }
    return bytes.count > longestName ? "makes a credential's name of \(bytes.count) bytes, more than \(longestName)" : nil
  }
}

extension Patient {
  /// - Parameter takeOver: What has the service use the files as they are now.
  func diagnose(_ credentials: TokenCredentials, takeOver: String) -> [Diagnosis] {
    func diagnosis(_ remark: TokenCredentials.Remark, _ consequence: String, _ verdict: (Diagnosis.Check, String, String) -> Diagnosis)
      -> Diagnosis
    {
      verdict(.token, "\(remark.path.string.singleLine) \(remark.reason): \(consequence)", "\(remark.fix), then \(takeOver)")
    }
    let refused = "systemd refuses it, and the service does not start (243/CREDENTIALS)"
    return credentials.refusals.map { diagnosis($0, refused) { .problem($0, $1, fix: $2) } }
      + credentials.passedOver.map { diagnosis($0, "it is nobody's token") { .warning($0, $1, fix: $2) } }
  }
}
