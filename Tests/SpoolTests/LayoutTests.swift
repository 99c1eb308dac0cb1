import Glibc
import ProgressModel
import Spool
import SystemPackage
import Testing

@Suite struct LayoutTests {
  @Test("The directories are made for this user alone")
  func made() throws {
    let spool = try TemporarySpool()
    for name in ["incoming", "claimed", "rejected"] {
      var status = stat()
      #expect(stat(spool.root.appending(name).string, &status) == 0)
      #expect(status.st_mode & 0o777 == 0o700 && status.st_mode & S_IFMT == S_IFDIR)
    }
  }

  @Test(
    "A directory that others may write to, a link and a file in its place are refused in one line",
    arguments: ["claimed", "rejected", "incoming"])
  func wrong(name: String) throws {
    let spool = try TemporarySpool()
    let path = spool.root.appending(name)
    #expect(path.withPlatformString { rmdir($0) } == 0)
    #expect(symlink("/tmp", path.string) == 0)
    let error = #expect(throws: SpoolError.self) { try spool.reader() }
    #expect(error?.description.hasPrefix("cannot open \(path): ") == true)
    #expect(unlink(path.string) == 0)
    #expect(mkdir(path.string, 0o700) == 0 && chmod(path.string, 0o1777) == 0)
    if name == "incoming" {
      _ = try spool.reader()
    } else {
      let error = #expect(throws: SpoolError.self) { try spool.reader() }
      #expect(error?.description == "\(path) must belong to the daemon alone; chown it to user \(geteuid()) and chmod it 0700")
    }
  }

  @Test("A spool that the service's sandbox keeps read-only says how to open it")
  func readOnly() {
    let error = SpoolError.system(doing: "claim from", path: "/srv/spool/incoming", code: .readOnlyFileSystem)
    #expect(error.description.contains("ReadWritePaths="))
  }

  @Test("A spool in a place that does not exist says so")
  func missing() {
    let error = #expect(throws: SpoolError.self) { try SpoolReader(root: "/nonexistent/spool") }
    #expect(error?.description.hasPrefix("cannot make /nonexistent/spool: No such file or directory; create the spool first") == true)
  }
}

@Suite struct SpoolWriterTests {
  @Test("A file that still waits is never replaced, and nothing is left behind")
  func nameTaken() throws {
    let spool = try TemporarySpool()
    try spool.writer.drop(Array("1".utf8), as: "a.json")
    let error = #expect(throws: SpoolWriteError.self) { try spool.writer.drop(Array("2".utf8), as: "a") }
    #expect(error?.description == "a.json already waits in \(spool.incoming); use another name, or none")
    #expect(spool.names(in: "incoming") == [SpoolName("a.json")])
    #expect(spool.text(of: SpoolName("a.json"), in: "incoming") == "1")
  }

  @Test(
    "Names that could leave the directory or hide are refused",
    arguments: ["", ".json", ".a", "../a", "a/b.json", "a\0b", String(repeating: "n", count: 251)])
  func invalidName(name: String) throws {
    let spool = try TemporarySpool()
    #expect(throws: SpoolWriteError.self) { try spool.writer.drop([], as: name) }
    #expect(spool.names(in: "incoming").isEmpty)
  }

  @Test("The longest name is taken, and the group may read the file whatever the umask")
  func modes() throws {
    let spool = try TemporarySpool()
    let name = try spool.writer.drop(Array("{}".utf8), as: String(repeating: "n", count: 250) + ".json")
    var status = stat()
    #expect(spool.path(name).withCString { stat($0, &status) } == 0)
    #expect(status.st_mode & 0o777 == 0o640)
  }

  @Test("Names that are made are unlike each other")
  func madeNames() throws {
    let spool = try TemporarySpool()
    let names = try (0..<50).map { _ in try spool.writer.drop(Array("{}".utf8)) }
    #expect(Set(names).count == 50 && names.allSatisfy(\.isActionFile))
  }

  @Test("A missing spool is said in one line with the next step")
  func missing() {
    let error = #expect(throws: SpoolWriteError.self) { try SpoolWriter(incoming: "/nonexistent/incoming").drop([], as: "a") }
    #expect(
      error?.description
        == "cannot drop a.json into /nonexistent/incoming: No such file or directory; create the spool first, or name the right directory")
  }

  @Test("A client that may add to the directory but not list it can drop", .enabled(if: geteuid() != 0, "root lists every directory"))
  func unlistable() throws {
    let spool = try TemporarySpool()
    #expect(chmod(spool.incoming.string, 0o300) == 0)
    let name = try spool.writer.drop(Array("{}".utf8))
    #expect(chmod(spool.incoming.string, 0o700) == 0)
    #expect(spool.names(in: "incoming") == [name])
  }
}
