import ArgumentParser
import Glibc
import ProgressModel
import SyncDaemon
import SystemPackage

/// What is said and returned when a command ends otherwise than by doing what it was asked.
struct Farewell: Equatable {
  let text: String
  let code: CInt

  init(_ error: any Error) {
    switch error {
    case let failure as Failure:
      (text, code) = ("progressctl: \(failure.text)\n", failure.code)
    case let ending as ExitCode:
      (text, code) = ("", ending.rawValue)
    case let error as ActionFileError:
      (text, code) = ("progressctl: \(error); nothing was dropped\n", EX_DATAERR)
    case let error as ConfigurationError:
      (text, code) = (error.problems.map { "progressctl: \($0)\n" }.joined(), EX_CONFIG)
    case let error where Progressctl.exitCode(for: error).isSuccess:
      (text, code) = (Progressctl.fullMessage(for: error) + "\n", EX_OK)
    default:
      // The parser's own text would print the usage between the mistake and the way to the help.
      let wayOut = Progressctl.fullMessage(for: error).split(separator: "\n").last { $0.contains("--help") }
      let help = wayOut.map { $0.drop { $0 == " " } + "\n" } ?? ""
      (text, code) = ("progressctl: \(Progressctl.message(for: error))\n" + help, Progressctl.exitCode(for: error).rawValue)
    }
  }

  /// Says it where it belongs, and returns the code for the program to exit with.
  func perform() -> CInt {
    let stream = code == EX_OK ? FileDescriptor.standardOutput : FileDescriptor.standardError
    // If even this cannot be written there is nobody left to tell.
    _ = try? stream.writeAll(text.utf8)
    return code
  }
}

/// Why a command did not do what it was asked: one line with the next step, and a code of sysexits.h.
struct Failure: Error, Equatable {
  let text: String
  let code: CInt

  init(_ text: String, code: CInt) {
    (self.text, self.code) = (text, code)
  }
}
