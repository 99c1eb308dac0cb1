import Glibc
import SystemPackage

/// The terminal that this program talks to.
enum Terminal {
  /// Columns and rows; asked before each frame, as a window changes its size at any time.
  struct Size: Equatable {
    var columns = 80
    var rows = 24
  }

  /// Whether a descriptor leads to a terminal that text can be drawn on. One of the kind `dumb` knows nothing but lines; term(7).
  static func isDrawable(_ descriptor: CInt) -> Bool {
    isatty(descriptor) != 0 && getenv("TERM").map { String(cString: $0) } != "dumb"
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

  /// What shows `text` from the upper left corner on, cut to the size, without a moment of emptiness.
  static func frame(_ text: String, size: Size) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    let fitting = lines.prefix(size.rows).map { String($0).cut(toColumns: size.columns) + "\u{1b}[K" }
    return "\u{1b}[H" + fitting.joined(separator: "\n") + "\u{1b}[J"
  }
}

/// A terminal's screen, taken over while something is shown live, and given back as it was, for a while or for good.
///
/// The sequences are xterm's (`ctlseqs`, "The Alternate Screen Buffer"), which today's terminals share.
actor LiveScreen {
  private var isOurs = false
  private var text = ""

  /// Takes the screen over, or makes it anew after whatever may have happened to it. A program in the background leaves it alone.
  func takeOver() throws {
    // A terminal that is nobody's says so with -1.
    guard [-1, getpgrp()].contains(tcgetpgrp(STDOUT_FILENO)) else { return }
    try StandardOutput.write("\u{1b}[?1049h\u{1b}[?25l")
    isOurs = true
    try draw()
  }

  func giveBack() {
    guard isOurs else { return }
    isOurs = false
    // A terminal that is gone is in order.
    _ = try? FileDescriptor.standardOutput.writeAll("\u{1b}[?25h\u{1b}[?1049l".utf8)
  }

  /// Gives the screen back and stops the program, as SIGTSTP does by itself; who has it go on sends SIGCONT.
  func stop() {
    giveBack()
    kill(getpid(), SIGSTOP)
  }

  func show(_ text: String) throws {
    self.text = text
    if isOurs { try draw() }
  }

  private func draw() throws {
    try StandardOutput.write(Terminal.frame(text, size: Terminal.size))
  }
}
