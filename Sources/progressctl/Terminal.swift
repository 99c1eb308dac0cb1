import Glibc
import SystemPackage

/// A terminal's screen, taken over while something is shown live, and given back as it was.
///
/// The sequences are xterm's (`ctlseqs`, "The Alternate Screen Buffer"), which today's terminals share.
enum Terminal {
  /// Columns and rows; asked before each frame, as a window changes its size at any time.
  struct Size: Equatable {
    var columns = 80
    var rows = 24
  }

  /// Of the terminal at standard output, or at standard error; a usual one's where neither tells.
  static var size: Size {
    var window = winsize()
    for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
      if ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 {
        return Size(columns: Int(window.ws_col), rows: Int(window.ws_row))
      }
    }
    return Size()
  }

  static func takeOver() throws {
    try StandardOutput.write("\u{1b}[?1049h\u{1b}[?25l")
  }

  static func giveBack() {
    // A terminal that is gone is in order.
    _ = try? FileDescriptor.standardOutput.writeAll("\u{1b}[?25h\u{1b}[?1049l".utf8)
  }

  /// What shows `text` from the upper left corner on, cut to the size, without a moment of emptiness.
  static func frame(_ text: String, size: Size) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    let fitting = lines.prefix(size.rows).map { String($0).cut(toColumns: size.columns) + "\u{1b}[K" }
    return "\u{1b}[H" + fitting.joined(separator: "\n") + "\u{1b}[J"
  }
}
