import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import SystemEvents

@Suite("A watched file", .timeLimit(.minutes(5)))
struct FileWatchTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  /// What happens to `etc/token`, which holds "old", and whether it is worth reading then.
  struct Happening: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let perform: @Sendable (TemporaryDirectory) throws -> Void

    init(_ testDescription: String, _ perform: @escaping @Sendable (TemporaryDirectory) throws -> Void) {
      (self.testDescription, self.perform) = (testDescription, perform)
    }
  }

  static let changes = [
    Happening("written in place") { try $0.write("new", to: "etc/token") },
    Happening("appended to") {
      let handle = try FileHandle(forWritingTo: $0.url.appending(path: "etc/token"))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data("er".utf8))
      try handle.close()
      try $0.settle("etc/token")
    },
    Happening("renamed over") {
      try $0.write("new", to: "etc/.token.tmp")
      try $0.rename("etc/.token.tmp", to: "etc/token")
    },
    Happening("renamed over from elsewhere") {
      try $0.write("new", to: "token")
      try $0.rename("token", to: "etc/token")
    },
    Happening("removed and written anew") {
      try $0.remove("etc/token")
      try $0.write("new", to: "etc/token")
    },
    Happening("replaced by a hard link") {
      try $0.write("new", to: "token")
      try $0.remove("etc/token")
      try FileManager.default.linkItem(at: $0.url.appending(path: "token"), to: $0.url.appending(path: "etc/token"))
    },
    Happening("replaced by a symbolic link") {
      try $0.write("new", to: "token")
      try $0.remove("etc/token")
      try $0.link("etc/token", to: "../token")
    },
    Happening("made readable") {
      try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: $0.url.appending(path: "etc/token").path)
    },
    Happening("in a directory that was replaced") {
      try $0.make("other")
      try $0.write("new", to: "other/token")
      try $0.rename("etc", to: "former")
      try $0.rename("other", to: "etc")
    },
    Happening("in a directory that was removed and made anew") {
      try $0.remove("etc")
      try $0.make("etc")
      try $0.write("new", to: "etc/token")
    },
  ]

  @Test("is worth reading again when it was", arguments: changes)
  func changed(change: Happening) throws {
    let path = try watchToken()
    defer { close(path.descriptor) }
    try change.perform(directory)
    #expect(path.drain())
    try directory.write("newer", to: "etc/token")
    #expect(path.drain(), "it is watched on")
  }

  @Test("is worth reading again when its directory stands anew, though somebody still has the former one open", arguments: [true, false])
  func inhabited(isForAll: Bool) throws {
    try directory.make("etc")
    let path = try isForAll ? WatchedPath(contentsOf: directory.file("etc")) : WatchedPath(directory.file("etc/token"))
    defer { close(path.descriptor) }
    let inhabitant = open(directory.file("etc").string, O_DIRECTORY | O_CLOEXEC)
    defer { close(inhabitant) }
    for _ in 1...2 {
      try directory.remove("etc")
      #expect(path.drain() == isForAll, "one that is gone has no more to read, but what lay in it has gone")
      try directory.make("etc")
      try directory.write("new", to: "etc/token")
      #expect(path.drain())
    }
    try directory.write("newer", to: "etc/token")
    #expect(path.drain(), "it is watched on")
  }

  static let others = [
    Happening("it was read") { _ = try Data(contentsOf: $0.url.appending(path: "etc/token")) },
    Happening("it was removed") { try $0.remove("etc/token") },
    Happening("it was emptied, to be written in a moment") { try $0.write("", to: "etc/token") },
    Happening("another file was written") { try $0.write("new", to: "etc/other") },
    Happening("another file was renamed") {
      try $0.write("new", to: "token")
      try $0.rename("token", to: "etc/.token.tmp")
    },
    Happening("its directory was removed") { try $0.remove("etc") },
  ]

  @Test("is not worth reading when", arguments: others)
  func unchanged(other: Happening) throws {
    let path = try watchToken()
    defer { close(path.descriptor) }
    try other.perform(directory)
    #expect(!path.drain())
    if access(directory.file("etc").string, F_OK) != 0 { try directory.make("etc") }
    try directory.write("new", to: "etc/token")
    #expect(path.drain(), "it is watched on")
  }

  @Test("that is written slowly is worth reading when its writer closes it")
  func slowly() throws {
    let path = try watchToken()
    defer { close(path.descriptor) }
    try directory.remove("etc/token")
    let handle = FileHandle(fileDescriptor: open(directory.file("etc/token").string, O_WRONLY | O_CREAT, 0o600))
    try handle.write(contentsOf: Data("ne".utf8))
    #expect(!path.drain())
    try handle.write(contentsOf: Data("w".utf8))
    try handle.close()
    try directory.settle("etc/token")
    #expect(path.drain())
  }

  /// Mounted secrets of Kubernetes: `token` leads through `..data`, which is renamed over.
  @Test("behind symbolic links is worth reading when one of them was swapped", arguments: ["token", "..data/token"])
  func swapped(file: String) throws {
    try directory.make("..1")
    try directory.write("old", to: "..1/token")
    try directory.link("..data", to: "..1")
    try directory.link("token", to: "..data/token")
    let path = try WatchedPath(directory.file(file))
    defer { close(path.descriptor) }
    for version in 2...3 {
      try directory.make("..\(version)")
      try directory.write("new", to: "..\(version)/token")
      _ = path.drain()
      try directory.link("..data_tmp", to: "..\(version)")
      try directory.rename("..data_tmp", to: "..data")
      #expect(path.drain())
      try directory.remove("..\(version - 1)")
      _ = path.drain()
      try directory.write("newer", to: "..\(version)/token")
      #expect(path.drain(), "the new target is watched")
    }
  }

  @Test("need not exist, nor its directories")
  func missing() throws {
    let path = try WatchedPath(directory.file("a/b/token"))
    defer { close(path.descriptor) }
    try directory.make("a")
    #expect(!path.drain())
    try directory.make("a/b")
    #expect(!path.drain())
    try directory.write("new", to: "a/b/token")
    #expect(path.drain())
  }

  @Test("rings once for a burst, and until it ends")
  func rings() async throws {
    try directory.write("old", to: "token")
    let watch = try FileWatch(directory.file("token"))
    for version in 1...100 { try directory.write("new \(version)", to: "token") }
    var rings = watch.rings.makeAsyncIterator()
    #expect(await rings.next() != nil)
    watch.end()
    // At most the one ring that was kept.
    _ = await rings.next()
    #expect(await rings.next() == nil)
  }

  static let changesOfDirectory =
    changes + [
      Happening("joined by another one") { try $0.write("new", to: "etc/other") },
      Happening("removed") { try $0.remove("etc/token") },
      Happening("moved elsewhere") { try $0.rename("etc/token", to: "token") },
      Happening("removed with its directory") { try $0.remove("etc") },
    ]

  @Test("in a watched directory is worth reading again when it was", arguments: changesOfDirectory)
  func changedInDirectory(change: Happening) throws {
    try directory.make("etc")
    try directory.write("old", to: "etc/token")
    let path = try WatchedPath(contentsOf: directory.file("etc"))
    defer { close(path.descriptor) }
    _ = try Data(contentsOf: directory.url.appending(path: "etc/token"))
    #expect(!path.drain())
    try change.perform(directory)
    #expect(path.drain())
    if access(directory.file("etc").string, F_OK) != 0 { try directory.make("etc") }
    _ = path.drain()
    try directory.write("newer", to: "etc/one more")
    #expect(path.drain(), "it is watched on")
  }

  @Test("that cannot be watched is named with the reason")
  func unwatchable() throws {
    try directory.write("a file", to: "etc")
    let file = directory.file("etc/token")
    let error = #expect(throws: SystemEventError.self) { try FileWatch(file) }
    #expect(error?.description == "cannot watch \(file): Not a directory")
  }

  private func watchToken() throws -> WatchedPath {
    try directory.make("etc")
    try directory.write("old", to: "etc/token")
    return try WatchedPath(directory.file("etc/token"))
  }
}
