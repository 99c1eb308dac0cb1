import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import SystemEvents

@Suite("What inotify is used for")
struct InotifyUsageTests {
  @Test("counts the instances and watches of a user's processes, this one's too")
  func own() throws {
    let directory = try TemporaryDirectory()
    let before = InotifyUsage(ofUser: geteuid())
    let instances = (0..<3).map { _ in inotify_init1(Int32(IN_CLOEXEC)) }
    defer { for instance in instances { close(instance) } }
    try #require(instances.allSatisfy { $0 >= 0 })
    for number in 0..<60 {
      try directory.make("\(number)")
      try #require(directory.file("\(number)").withPlatformString { inotify_add_watch(instances[0], $0, UInt32(IN_CREATE)) } > 0)
    }
    let usage = InotifyUsage(ofUser: geteuid())
    // Whatever else this user runs comes and goes meanwhile; of this process nothing is missed.
    #expect(usage.instances >= 3 && usage.watches >= 60, "\(usage), before \(before)")
    #expect(try #require(usage.maximumInstances) > 0 && #require(usage.maximumWatches) > 0)
  }

  @Test("finds nothing in use by a user who runs nothing, within the same limits")
  func nobody() {
    let usage = InotifyUsage(ofUser: 4_000_000_000)
    #expect(usage.instances == 0 && usage.watches == 0)
    #expect(usage.maximumInstances == InotifyUsage(ofUser: geteuid()).maximumInstances)
  }
}
