import Glibc
import ProgressModel
import Spool
import SystemPackage
import Testing

/// The examples of `docs/SPOOL.md`, as they stand there.
@Suite(.timeLimit(.minutes(5))) struct DocumentedExamplesTests {
  @Test(
    "The shell and the Python example drop an action that the reader takes",
    arguments: [("sh", "sh"), ("python", "python3")].filter { isInstalled($0.1) })
  func dropping(language: String, interpreter: String) throws {
    let spool = try TemporarySpool()
    let example = try #require(examples(in: language).first)
    #expect(try run([interpreter, "-c", example], spool: spool.root) == 0)
    let taken = try spool.reader().takeAll(now: spool.start)
    #expect(taken.files.count == 1 && taken.rejected.isEmpty)
    #expect(try taken.files.flatMap { try ActionFile.parse($0.contents) }.map(\.session) == [session()])
    #expect(spool.names(in: "incoming").isEmpty)
    #expect(taken.files.map(\.sender) == [geteuid()])
  }

  @Test("The Python example hands an action over by socket", .enabled(if: isInstalled("python3")))
  func handingOver() async throws {
    let spool = try TemporarySpool()
    let example = try #require(examples(in: "python").last)
    try await SubmissionDesk.open(spool.root) { path in
      let status = try run(["python3", "-c", example], spool: spool.root, socket: path)
      #expect(status == 0)
    }
    let taken = try spool.reader().takeAll(now: spool.start)
    #expect(try taken.files.flatMap { try ActionFile.parse($0.contents) }.map(\.session) == [session()])
    #expect(taken.files.map(\.sender) == [geteuid()])
  }

  @Test("Every action file that the document shows is a valid one")
  func actionFiles() throws {
    let texts = try examples(in: "json")
    #expect(texts.count == 3)
    for text in texts { #expect(try ActionFile.parse(Array(text.utf8)).allSatisfy { $0.session == session() }) }
  }

  private func session() -> Session? {
    try? ActionFile.parse(Array(#"{"action":"uncomplete","program_id":"p1","week_number":1,"day_number":3}"#.utf8)).first?.session
  }

  /// The fenced blocks of a language.
  private func examples(in language: String) throws -> [String] {
    let path = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/docs/SPOOL.md"
    let file = try FileDescriptor.open(FilePath(path), .readOnly)
    defer { try? file.close() }
    var buffer = [UInt8](repeating: 0, count: 1 << 17)
    let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
    var blocks: [[Substring]] = []
    var isInside = false
    for line in String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
      if line == "```\(language)" {
        isInside = true
        blocks.append([])
      } else if line == "```" {
        isInside = false
      } else if isInside {
        blocks[blocks.count - 1].append(line)
      }
    }
    return blocks.map { $0.joined(separator: "\n") }
  }
}

private func isInstalled(_ program: String) -> Bool { (try? run([program, "-c", ""], spool: "/")) == 0 }

/// Runs a program found on the path, and returns its exit status.
private func run(_ arguments: [String], spool: FilePath, socket: FilePath = "") throws -> CInt {
  var process = pid_t()
  let environment = ["PATH=" + (getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"), "SPOOL=\(spool)", "SUBMIT=\(socket)"]
  var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
  var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
  defer { (argv + envp).forEach { free($0) } }
  let result = posix_spawnp(&process, arguments[0], nil, nil, &argv, &envp)
  guard result == 0 else { throw Errno(rawValue: result) }
  var status: CInt = 0
  while waitpid(process, &status, 0) < 0 && errno == EINTR {}
  return status
}
