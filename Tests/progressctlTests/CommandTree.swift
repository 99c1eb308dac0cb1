import Foundation

/// The commands of progressctl, as the program itself tells them to `--experimental-dump-help`.
struct CommandTree: Decodable {
  let command: Command

  struct Command: Decodable {
    let commandName: String
    let superCommands: [String]?
    let abstract: String?
    let discussion: String?
    let defaultSubcommand: String?
    let arguments: [Argument]?
    let subcommands: [Command]?

    /// Without the program's name.
    var path: String { ((superCommands ?? []).dropFirst() + [commandName]).joined(separator: " ") }

    /// This one, and those below it.
    var all: [Command] { [self] + (subcommands ?? []).filter { $0.commandName != "help" }.flatMap(\.all) }

    var examples: [String] {
      let lines = (discussion ?? "").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      return lines.filter { $0.hasPrefix("  ") }.map { String($0.dropFirst(2)) }
    }

    /// The paragraphs before the examples.
    var paragraphs: [String] {
      let text = (discussion ?? "").split(separator: /\n\s*\n/).map { part in
        part.split(separator: "\n").filter { !$0.hasPrefix("  ") && !$0.hasPrefix("Example") }.joined(separator: " ")
      }
      return text.filter { !$0.isEmpty }
    }
  }

  struct Argument: Decodable {
    let kind: String
    let isOptional: Bool
    let isRepeating: Bool
    let names: [Name]?
    let valueName: String?
    let abstract: String?
    let shouldDisplay: Bool

    struct Name: Decodable {
      let kind: String
      let name: String
    }

    /// `--json`, without the dashes; nil for what goes by its place.
    var name: String? { names?.first { $0.kind == "long" }?.name }
  }

  /// What all commands have, and the page tells once.
  static let common: Set<String> = ["config", "user", "system", "version", "help"]
}

extension CommandTree.Command {
  /// The arguments that are this command's own.
  var own: [CommandTree.Argument] {
    (arguments ?? []).filter { $0.shouldDisplay && !($0.name.map(CommandTree.common.contains) ?? false) }
  }

  /// The page's item about the command.
  func describe(in page: inout Mdoc) {
    page.raw(".It Xo")
    page.raw(".Cm \(path)")
    for argument in own { page.raw(argument.synopsis) }
    page.raw(".Xc")
    page.prose((abstract ?? "") + (defaultSubcommand.map { " Without a further command: \($0)." } ?? ""))
    for paragraph in paragraphs {
      page.raw(".Pp")
      page.prose(paragraph)
    }
    if !own.isEmpty {
      page.raw(".Bl -tag -width Ds")
      for argument in own {
        page.raw(".It " + argument.words)
        page.prose(argument.abstract ?? "")
      }
      page.raw(".El")
    }
    if !examples.isEmpty { page.literal(examples) }
  }
}

extension CommandTree.Argument {
  fileprivate var words: String {
    let value = (valueName ?? "value").replacing("=", with: "=")
    switch kind {
    case "positional": return "Ar \(value)" + (isRepeating ? " ..." : "")
    case "flag": return "Fl -\(name ?? "")"
    default: return "Fl -\(name ?? "") Ar \(value)" + (isRepeating ? " ..." : "")
    }
  }

  fileprivate var synopsis: String { isOptional || kind == "flag" ? ".Op \(words)" : ".\(words)" }
}
