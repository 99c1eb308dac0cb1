import ArgumentParser
import ControlClient
import ControlProtocol
import FoundationEssentials
import ProgressModel

struct Completion: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completion",
    abstract: "The script that lets a shell complete progressctl's verbs, options, ids and names.",
    discussion: """
      Installed packages have it in place already.

      Examples:
        progressctl completion bash >~/.local/share/bash-completion/completions/progressctl
        progressctl completion zsh >"${fpath[1]}/_progressctl"
        progressctl completion fish >~/.config/fish/completions/progressctl.fish
      """)

  enum Shell: String, ExpressibleByArgument, CaseIterable {
    case bash
    case zsh
    case fish

    fileprivate var completionShell: CompletionShell {
      switch self {
      case .bash: .bash
      case .zsh: .zsh
      case .fish: .fish
      }
    }
  }

  @Argument(help: "bash, zsh or fish.")
  var shell: Shell

  func run() throws {
    try StandardOutput.write(Progressctl.completionScript(for: shell.completionShell) + "\n")
  }
}

extension CompletionKind {
  static var ratings: CompletionKind { .list(IntensityRating.allCases.map(\.rawValue)) }

  /// Names of refused files that the caller may see.
  static var rejectedNames: CompletionKind {
    .custom { (words, _, prefix) async in
      await suggestions(for: words, prefix: prefix) { client in
        var names: [String] = []
        for try await file in try await client.socket.rejected() { names.append(file.name) }
        return names
      }
    }
  }

  /// Ids and keys of what stands in the queue.
  static var entries: CompletionKind { entries { ["\($0.id)", $0.key] } }

  static var entryIDs: CompletionKind { entries { ["\($0.id)"] } }

  static var entryKeys: CompletionKind { entries { [$0.key] } }

  private static func entries(_ names: @escaping @Sendable (QueueItem) -> [String]) -> CompletionKind {
    .custom { (words, _, prefix) async in
      await suggestions(for: words, prefix: prefix) { client in
        var found: [String] = []
        for try await item in try await client.socket.queue() {
          found += names(item).filter { $0.hasPrefix(prefix) }
          if found.count >= mostSuggestions { break }
        }
        return found
      }
    }
  }

  /// More than a person would choose from.
  private static let mostSuggestions = 200
  private static let patience = Duration.seconds(1)

  /// What the daemon answers within a second; nothing where there is none: a shell must not hang on a key press, nor show an error.
  private static func suggestions(
    for words: [String], prefix: String, _ question: @escaping @Sendable (ControlClient) async throws -> [String]
  ) async -> [String] {
    let config = words.firstIndex(of: "--config").flatMap { words.dropFirst($0 + 1).first }
    var options = ServiceOptions()
    options.config = config
    options.kind = words.contains("--user") ? .user : words.contains("--system") ? .system : nil
    guard let service = try? options.service(environment: ProcessInfo.processInfo.environment) else { return [] }
    let found = await withTaskGroup(of: [String].self) { group in
      // Whatever goes wrong, there is nothing to suggest.
      group.addTask { (try? await service.connected(question)) ?? [] }
      group.addTask {
        try? await Task.sleep(for: patience, clock: .continuous)
        return []
      }
      defer { group.cancelAll() }
      return await group.next() ?? []
    }
    return Array(found.filter { $0.hasPrefix(prefix) }.prefix(mostSuggestions))
  }
}
