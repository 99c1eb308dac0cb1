import Foundation
import Glibc
@testable import progressctl
import SyncDaemon
import SystemPackage
import Testing

@Suite("What systemd makes of the files in the directory of tokens")
struct TokenCredentialsTests {
  /// What it makes of a directory; `fill` puts something into it.
  private func credentials(_ fill: (URL) throws -> Void) throws -> TokenCredentials {
    let directory = FileManager.default.temporaryDirectory.appending(path: "credentials-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: directory) }
    try fill(directory)
    return try TokenCredentials(in: FilePath(directory.path))
  }

  /// A file of so many bytes, which take no room.
  private func make(_ name: String, bytes: Int64 = 2, in directory: URL) throws {
    let path = FilePath(directory.path).appending(name)
    let file = try FileDescriptor.open(path, .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
    defer { try? file.close() }
    guard ftruncate(file.rawValue, off_t(bytes)) == 0 else { throw Errno(rawValue: errno) }
  }

  @Test("they are handed over under their names, those of sub-directories with theirs before, and hidden ones are not")
  func files() throws {
    let found = try credentials { directory in
      for name in ["alice", "1000", "with space", ".hidden"] { try make(name, in: directory) }
      for name in ["old", ".git"] {
        try FileManager.default.createDirectory(at: directory.appending(path: name), withIntermediateDirectories: false)
        try make("\(name)/bob", in: directory)
      }
    }
    #expect(found.files.map(\.name) == ["1000", "alice", "old_bob", "with space"])
    #expect(found.files.map { $0.path.lastComponent?.string } == ["1000", "alice", "bob", "with space"])
    #expect(found.refusals == [] && found.passedOver == [])
  }

  @Test(
    "each file that keeps the service from starting is named, with what is wrong",
    arguments: [
      ("al:ice", 2, "has a ':' in its name"), ("alíce", 2, "has something else than printable ASCII in its name"),
      ("al\nice", 2, "has something else than printable ASCII in its name"),
      ("al\u{7f}ice", 2, "has something else than printable ASCII in its name"), (String(repeating: "a", count: 249), 2, nil),
      (String(repeating: "a", count: 250), 2, "makes a credential's name of 256 bytes, more than 255"),
      ("alice", (1 << 20) + 1, "is larger than 1 MiB"), ("alice", (1 << 20) - 22, nil),
    ] as [(String, Int64, String?)])
  func refused(name: String, bytes: Int64, reason: String?) throws {
    let found = try credentials { directory in
      try make(name, bytes: bytes, in: directory)
      try make("bob", in: directory)
    }
    #expect(found.refusals.map(\.reason) == (reason.map { [$0] } ?? []))
    #expect(found.files.map(\.name) == (reason == nil ? [name, "bob"] : ["bob"]))
    #expect(found.refusals.allSatisfy { $0.path.lastComponent?.string == name })
  }

  @Test("all of them together are too much for it, too")
  func tooMuch() throws {
    let found = try credentials { directory in
      for name in ["a", "b"] { try make(name, bytes: 1 << 19, in: directory) }
    }
    #expect(found.refusals.map(\.reason) == ["holds 1048590 bytes of credentials, more than 1 MiB"])
  }

  @Test("a link is not followed, and what is no file is left alone")
  func passedOver() throws {
    let found = try credentials { directory in
      try make("bob", in: directory)
      try FileManager.default.createSymbolicLink(atPath: directory.appending(path: "alice").path, withDestinationPath: "bob")
      try #require(mkfifo(directory.appending(path: "carol").path, 0o600) == 0)
    }
    #expect(found.files.map(\.name) == ["bob"] && found.refusals == [])
    #expect(found.passedOver.map(\.reason) == ["is a symbolic link, which systemd does not follow", "is no file"])
  }

  @Test("a directory in the place of a token gives none while no file is in it, however deep")
  func emptyDirectories() throws {
    let found = try credentials { directory in
      for name in ["alice", "bob", "carol/old", "dave"] {
        try FileManager.default.createDirectory(at: directory.appending(path: name), withIntermediateDirectories: true)
      }
      try make("bob/token", in: directory)
      try make("dave/.hidden", in: directory)
    }
    #expect(found.files.map(\.name) == ["bob_token"] && found.refusals == [])
    #expect(found.passedOver.map { $0.path.lastComponent?.string } == ["alice", "old", "dave"])
    #expect(found.passedOver.allSatisfy { $0.reason == "is a directory without a file in it" })
  }

  @Test("a file in the place of the directory is named, and may be looked at by whoever may read it")
  func noDirectory() throws {
    let file = FilePath(FileManager.default.temporaryDirectory.appending(path: "credentials-\(UUID().uuidString.prefix(8))").path)
    try Data("secret\n".utf8).write(to: URL(filePath: file.string))
    defer { try? FileManager.default.removeItem(atPath: file.string) }
    try #require(file.withPlatformString { chmod($0, 0o600) } == 0)
    let found = try TokenCredentials(in: file)
    #expect(found.files == [] && found.refusals == [] && found.passedOver.map(\.path) == [file])
    #expect(found.passedOver.map(\.reason) == ["is no directory"])
    #expect(!file.isClosedDirectory)
  }

  @Test("a directory that is none is not looked at")
  func absent() {
    #expect(throws: Errno.noSuchFileOrDirectory) { try TokenCredentials(in: "/proc/self/no such directory") }
    #expect(!FilePath("/proc/self/no such directory").isClosedDirectory)
  }
}
