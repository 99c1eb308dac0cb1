import Glibc
import ProgressModel
import Spool
import SystemPackage
import TestSupport
import Testing

@Suite struct RubbishTests {
  /// Takes what is there now, and what has to be looked at again later.
  private func takeAllInTime(_ reader: SpoolReader, now: Timestamp) throws -> ClaimBatch.Sum {
    var sum = try reader.takeAll(now: now)
    while let look = reader.nextLook {
      let later = try reader.takeRest(now: look)
      sum.files += later.files
      sum.rejected += later.rejected
      sum.ignored += later.ignored
    }
    return sum
  }

  @Test("A symbolic link is moved aside itself, and what it points to is not read")
  func symbolicLink() throws {
    let spool = try TemporarySpool()
    spool.put(#"{"secret":"s3cr3t"}"#, as: SpoolName("secret"), in: "rejected")
    #expect(symlink("../rejected/secret", String(decoding: spool.path("a.json").bytes, as: UTF8.self)) == 0)
    let taken = try takeAllInTime(spool.reader(), now: spool.start)
    #expect(taken.files.isEmpty)
    #expect(taken.rejected.map(\.name) == [SpoolName("a.json")])
    #expect(spool.reason(of: SpoolName("a.json"))?.hasPrefix("a symbolic link, which is never followed") == true)
    #expect(spool.reason(of: SpoolName("a.json"))?.contains("s3cr3t") == false)
    var status = stat()
    #expect(spool.path("a.json", in: "rejected").withCString { lstat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFLNK)
    #expect(spool.text(of: SpoolName("secret"), in: "rejected") == #"{"secret":"s3cr3t"}"#)
  }

  @Test("A named pipe is moved aside without being opened")
  func fifo() throws {
    let spool = try TemporarySpool()
    #expect(spool.path("a.json").withCString { mkfifo($0, 0o600) } == 0)
    let taken = try takeAllInTime(spool.reader(), now: spool.start)
    #expect(taken.rejected.map(\.reason) == ["a named pipe, not a file"])
    // An opened pipe would let a writer in.
    #expect(spool.path("a.json", in: "rejected").withCString { open($0, O_WRONLY | O_NONBLOCK) } == -1)
  }

  @Test("A socket is moved aside")
  func socketFile() throws {
    let spool = try TemporarySpool()
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: spool.path("a.json").bytes) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    #expect(bound == 0)
    #expect(try takeAllInTime(spool.reader(), now: spool.start).rejected.map(\.reason) == ["a socket, not a file"])
  }

  @Test("A directory and names that are not for us are left alone, mentioned once, and again when they come anew")
  func ignored() throws {
    let spool = try TemporarySpool()
    #expect(spool.path("dir.json").withCString { mkdir($0, 0o700) } == 0)
    spool.put("{}", as: "notes.txt")
    spool.put("{}", as: ".hidden.json")
    let reader = try spool.reader()
    let taken = try takeAllInTime(reader, now: spool.start)
    #expect(
      taken.ignored.sorted { $0.name < $1.name }.map { "\($0.name): \($0.reason)" } == [
        "dir.json: a directory", "notes.txt: its name does not end in .json",
      ])
    #expect(try takeAllInTime(reader, now: spool.start).ignored.isEmpty)
    #expect(spool.names(in: "incoming").count == 3)
    _ = spool.path("notes.txt").withCString { unlink($0) }
    _ = try takeAllInTime(reader, now: spool.start)
    spool.put("{}", as: "notes.txt")
    #expect(try takeAllInTime(reader, now: spool.start).ignored.map(\.name) == [SpoolName("notes.txt")])
  }

  @Test("A temporary name without a dot is not worth a mention while its writer is at work")
  func foreignTemporaryName() throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    spool.put("{}", as: "a.json.tmp", mtime: nil)
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let wall = Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec / 1_000_000))
    #expect(try reader.takeAll(now: wall).ignored.isEmpty)
    #expect(spool.path("a.json.tmp").withCString { old in spool.path("a.json").withCString { rename(old, $0) } } == 0)
    let taken = try takeAllInTime(reader, now: wall)
    #expect(taken.ignored.isEmpty && taken.names == ["a.json"])
  }

  @Test("Flooded with names that are not for us, the reader remembers a thousand")
  func manyStrangers() throws {
    let spool = try TemporarySpool()
    for number in 0..<1_200 { spool.put("", as: "\(number)", mtime: nil) }
    spool.put("{}", as: "a.json")
    let reader = try spool.reader()
    let first = try takeAllInTime(reader, now: spool.start)
    #expect(first.ignored.count == 1_000 && first.names == ["a.json"])
    #expect(try takeAllInTime(reader, now: spool.start).ignored.isEmpty)
  }

  @Test("The size limit is judged by stat, one byte over is refused, and a sparse file is not read")
  func tooLarge() throws {
    let spool = try TemporarySpool()
    let limit = 64 * 1024
    spool.put("{" + String(repeating: " ", count: limit - 2) + "}", as: "fits.json")
    spool.put("{" + String(repeating: " ", count: limit - 1) + "}", as: "over.json")
    spool.put(String(repeating: "x", count: 1 << 20), as: "mega.json", mtime: spool.start)
    spool.put("", as: "sparse.json")
    #expect(spool.path("sparse.json").withCString { truncate($0, 1 << 40) } == 0)
    let taken = try takeAllInTime(spool.reader(), now: spool.start)
    #expect(taken.names == ["fits.json"])
    #expect(
      Set(taken.rejected.map { "\($0.name) \($0.reason)" }) == [
        "over.json too large: 65537 bytes, at most 65536 are taken; split it",
        "mega.json too large: 1048576 bytes, at most 65536 are taken; split it",
        "sparse.json too large: 1099511627776 bytes, at most 65536 are taken; split it",
      ])
  }

  @Test("A hard link is given two seconds to lose its other name, then it is refused")
  func hardLinks() throws {
    let spool = try TemporarySpool()
    let reader = try spool.reader()
    for name in ["keeps", "drops"] {
      spool.put("{}", as: ".\(name)")
      #expect(spool.path(".\(name)").withCString { old in spool.path("\(name).json").withCString { link(old, $0) } } == 0)
    }
    #expect(try reader.takeAll(now: spool.start).files.isEmpty)
    _ = spool.path(".drops").withCString { unlink($0) }
    #expect(try reader.takeAll(now: spool.start + .milliseconds(1_999)).rejected.isEmpty)
    let taken = try reader.takeAll(now: spool.start + .seconds(2))
    #expect(taken.names == ["drops.json"])
    #expect(taken.rejected.map(\.reason) == ["has 2 names (hard links); drop a copy of its own"])
  }

  @Test("A file that was made without a name and linked in is taken")
  func namelessFile() throws {
    let spool = try TemporarySpool()
    let directory = spool.incoming
    let temporaryFile: CInt = 0o20_200_000  // O_TMPFILE, which the Glibc module leaves out
    let file = directory.withPlatformString { open($0, O_WRONLY | temporaryFile, 0o640) }
    try #require(file >= 0)
    defer { close(file) }
    #expect("{}".withCString { write(file, $0, 2) } == 2)
    #expect(spool.path("a.json").withCString { linkat(AT_FDCWD, "/proc/self/fd/\(file)", AT_FDCWD, $0, AT_SYMLINK_FOLLOW) } == 0)
    #expect(try takeAllInTime(spool.reader(), now: spool.start).names == ["a.json"])
  }

  @Test("A file under a lease is not waited for; it is taken when the lease is gone")
  func lease() async throws {
    let spool = try TemporarySpool()
    spool.put("{}", as: "a.json")
    spool.put("{}", as: "b.json")
    signal(SIGIO, SIG_IGN)  // the kernel's request to give the lease up
    let holder = spool.path("a.json").withCString { open($0, O_RDWR) }
    let setLease: CInt = 1024  // F_SETLEASE, which the Glibc module leaves out
    // A program that another test is starting has copies of all that is open, for a moment; with one of this file there is no lease.
    try await eventually("the lease is granted") { fcntl(holder, setLease, CInt(F_WRLCK)) == 0 }
    let reader = try spool.reader()
    // Who waits for the lease gets it in the end, and takes both.
    #expect(try reader.takeAll(now: spool.start).names == ["b.json"])
    #expect(reader.nextLook == spool.start + .seconds(1))
    try #require(fcntl(holder, setLease, CInt(F_UNLCK)) == 0)
    close(holder)
    #expect(try reader.takeRest(now: spool.start + .seconds(1)).names == ["a.json"])
  }

  @Test(
    "A file that the daemon may not read is refused with what to do about it, once its maker had time to see to that",
    .enabled(if: geteuid() != 0, "root reads every file"))
  func unreadable() throws {
    let spool = try TemporarySpool()
    for name in ["never.json", "later.json"] {
      spool.put("{}", as: name, mtime: spool.start)
      #expect(spool.path(name).withCString { chmod($0, 0) } == 0)
    }
    let reader = try spool.reader()
    #expect(try reader.takeAll(now: spool.start).rejected.isEmpty)
    #expect(spool.path("later.json").withCString { chmod($0, 0o640) } == 0)
    let taken = try takeAllInTime(reader, now: spool.start)
    #expect(taken.names == ["later.json"])
    #expect(taken.rejected.map(\.reason) == ["unreadable for the daemon; chmod g+r it, or drop it with progressctl"])
  }
}
