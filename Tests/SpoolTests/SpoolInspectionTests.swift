import CTestSupport
import Glibc
import SystemPackage
import Testing

@testable import Spool

@Suite("A look at the spool, by whoever may")
struct SpoolInspectionTests {
  /// The owner may do everything, group 4242 may write and search, which the mask leaves it, group 4243 may only read; a daemon reads.
  private static let entries: [AccessList.Entry] = [
    .init(.owner, 7), .init(.user(900), 4), .init(.owningGroup, 0), .init(.group(4_242), 3), .init(.group(4_243), 4), .init(.mask, 7),
    .init(.others, 0),
  ]

  /// The kernel's form of a list: `linux/posix_acl_xattr.h`.
  private static func attribute(_ entries: [AccessList.Entry]) -> [UInt8] {
    func bytes(_ value: UInt32, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    return entries.reduce(into: bytes(2, 4)) { attribute, entry in
      let (tag, id): (UInt32, UInt32) =
        switch entry.subject {
        case .owner: (0x01, .max)
        case .user(let id): (0x02, id)
        case .owningGroup: (0x04, .max)
        case .group(let id): (0x08, id)
        case .mask: (0x10, .max)
        case .others: (0x20, .max)
        }
      attribute += bytes(tag, 2) + bytes(UInt32(entry.permissions), 2) + bytes(id, 4)
    }
  }

  private static func set(_ name: String, _ entries: [AccessList.Entry], on path: FilePath) -> Bool {
    let value = attribute(entries)
    return path.withPlatformString { ctestsupport_setxattr($0, name, value, UInt(value.count)) } == 0
  }

  private static let hasAccessLists: Bool = {
    guard let spool = try? TemporarySpool() else { return false }
    return set("system.posix_acl_access", entries, on: spool.incoming)
  }()

  @Test("finds the access lists that the kernel keeps", .enabled(if: hasAccessLists, "the file system of /tmp keeps no access lists"))
  func accessLists() throws {
    let spool = try TemporarySpool()
    try #require(Self.set("system.posix_acl_access", Self.entries, on: spool.incoming))
    try #require(
      Self.set("system.posix_acl_default", Array(Self.entries.dropLast(2)) + [.init(.mask, 4), .init(.others, 0)], on: spool.incoming))
    let incoming = SpoolInspection(root: spool.root).incoming
    #expect(incoming.access?.entries == Self.entries)
    #expect(incoming.access?.groups(allowed: 3) == [4_242] && incoming.access?.groups(allowed: 4) == [4_243])
    #expect(incoming.initialAccess?.entries.last { $0.subject == .mask } == .init(.mask, 4))
    #expect(incoming.initialAccess?.groups(allowed: 3) == [])
    // What the mask allows shows as the mode's group.
    #expect(incoming.permissions & 0o070 == 0o070)
  }

  @Test("finds owner, group and mode, and no list where there is none")
  func plain() throws {
    let spool = try TemporarySpool()
    #expect(spool.incoming.withPlatformString { chmod($0, 0o3730) } == 0)
    let places = SpoolInspection(root: spool.root)
    #expect(places.incoming.problem == nil && places.incoming.isDirectory && places.incoming.permissions == 0o3730)
    #expect(places.incoming.owner == geteuid() && places.incoming.device == places.rejected.device)
    #expect(places.incoming.access == nil && places.incoming.initialAccess == nil)
  }

  @Test("tells what is missing, and what stands in its place")
  func misplaced() throws {
    let spool = try TemporarySpool()
    removeTree(spool.root.appending("claimed"))
    removeTree(spool.root.appending("rejected"))
    spool.put("", as: SpoolName("rejected"), mtime: nil, in: ".")
    let places = SpoolInspection(root: spool.root)
    #expect(places.claimed.problem == .noSuchFileOrDirectory && !places.claimed.isDirectory)
    #expect(places.rejected.problem == nil && !places.rejected.isDirectory)
  }

  @Test(
    "takes nothing for a list that is none",
    arguments: [[], [2, 0, 0], [1, 0, 0, 0], [2, 0, 0, 0, 1], [2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]])
  func noList(bytes: [UInt8]) {
    #expect(AccessList(attribute: bytes) == nil)
  }

  @Test("a rehearsed drop leaves nothing, also where names cannot be listed")
  func rehearsal() throws {
    let spool = try TemporarySpool()
    #expect(spool.incoming.withPlatformString { chmod($0, 0o300) } == 0)
    try spool.writer.rehearse()
    #expect(spool.incoming.withPlatformString { chmod($0, 0o700) } == 0)
    #expect(spool.names(in: "incoming").isEmpty)
  }

  @Test("a rehearsed drop fails as a drop would")
  func failingRehearsal() throws {
    let spool = try TemporarySpool()
    removeTree(spool.incoming)
    let writer = spool.writer
    let failure = SpoolWriteError.system(doing: "drop into", path: spool.incoming, code: .noSuchFileOrDirectory)
    #expect(throws: failure) { try writer.rehearse() }
  }
}
