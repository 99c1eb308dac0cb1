import ArgumentParser
import Glibc
import ProgressModel
import SystemPackage

/// Where the fields of an exercise's log come from. Those of `--set` are put into the object of `--log` or `--file`.
struct ExerciseOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The log as a JSON object.", valueName: "json"))
  var log: String?

  @Option(help: ArgumentHelp("A file with the log as a JSON object; - is standard input.", valueName: "file"))
  var file: String?

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Fields of the log, NAME=VALUE each.", valueName: "name=value"))
  var set: [String] = []

  func validate() throws {
    guard log == nil || file == nil else { throw ValidationError("Give --log or --file, not both") }
  }

  /// The object of an action file, with its `exercise_id`.
  ///
  /// Throws `Failure`.
  func fields(of exercise: String) throws -> [String: JSONValue] {
    var fields = try object()
    for assignment in set {
      let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw Failure("--set \(JSONValue.string(assignment).summary): must be NAME=VALUE; nothing was dropped", code: EX_USAGE)
      }
      // What is not JSON is a text.
      fields[String(parts[0])] = (try? JSONValue(parsing: Array(parts[1].utf8))) ?? .string(String(parts[1]))
    }
    if let other = fields["exercise_id"], other != .string(exercise) {
      let asked = JSONValue.string(exercise).summary
      throw Failure("exercise.exercise_id: is \(other.summary) in the log, but \(asked) was named; nothing was dropped", code: EX_DATAERR)
    }
    fields["exercise_id"] = .string(exercise)
    return fields
  }

  private func object() throws -> [String: JSONValue] {
    let (bytes, source) = try text()
    guard let bytes else { return [:] }
    do {
      let value = try JSONValue(parsing: bytes)
      guard case .object(let fields) = value else {
        throw Failure("\(source): must be an object, is \(value.summary); nothing was dropped", code: EX_DATAERR)
      }
      return fields
    } catch let error as JSONSyntaxError {
      throw Failure("\(source): not valid JSON: \(error); nothing was dropped", code: EX_DATAERR)
    }
  }

  private func text() throws -> (bytes: [UInt8]?, source: String) {
    if let log { return (Array(log.utf8), "--log") }
    guard let file else { return (nil, "") }
    let source = file == "-" ? "standard input" : file
    do {
      guard file != "-" else { return (try FileDescriptor.standardInput.contents(atMost: Self.longestLog), source) }
      let descriptor = try FileDescriptor.open(FilePath(file), .readOnly, options: [.closeOnExec])
      return (try descriptor.closeAfter { try descriptor.contents(atMost: Self.longestLog) }, source)
    } catch let error as Errno {
      throw Failure("\(source): cannot be read: \(error); nothing was dropped", code: EX_NOINPUT)
    }
  }

  /// In bytes. More than any spool takes, so that reading a mistaken file ends; what is cut there is refused for its size or its syntax.
  private static let longestLog = 16 << 20
}

extension FileDescriptor {
  /// What can be read from here to the end, or `limit` bytes of it.
  func contents(atMost limit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < limit {
      let chunk = try [UInt8](unsafeUninitializedCapacity: min(65_536, limit - bytes.count)) { buffer, count in
        count = try read(into: UnsafeMutableRawBufferPointer(buffer))
      }
      if chunk.isEmpty { break }
      bytes += chunk
    }
    return bytes
  }
}
