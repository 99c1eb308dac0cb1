/// Arguments as the parser takes them.
enum ArgumentSpelling {
  /// Gives a bare `--wait` its value, since the parser would take the argument after it for one: `--wait p1` means no goal named p1.
  ///
  /// What stands behind `--` is nobody's option.
  static func spelledOut(_ arguments: [String]) -> [String] {
    let options = arguments.prefix { $0 != "--" }
    return options.map { $0 == "--wait" ? "--wait=\(WaitGoal.accepted.rawValue)" : $0 } + arguments[options.endIndex...]
  }
}
