import Hummingbird
import Logging

/// What a server answers to: paths with their methods, so that it can tell a wrong path from a wrong method.
struct Routes: Sendable {
  typealias Handler = @Sendable (Request, ControlContext) async throws -> Response

  struct Route: Sendable {
    let method: HTTPRequest.Method
    /// A component that begins with a colon stands for any.
    let path: String
    let handler: Handler

    func matches(_ path: String) -> Bool {
      let pattern = self.path.split(separator: "/")
      let components = path.split(separator: "/")
      return pattern.count == components.count && zip(pattern, components).allSatisfy { $0.hasPrefix(":") || $0 == $1 }
    }
  }

  private(set) var all: [Route] = []

  mutating func get(_ path: String, _ handler: @escaping Handler) { all.append(Route(method: .get, path: path, handler: handler)) }
  mutating func post(_ path: String, _ handler: @escaping Handler) { all.append(Route(method: .post, path: path, handler: handler)) }

  /// One responder for all of them, which answers errors too.
  func responder(logger: Logger) -> RouterResponder<ControlContext> {
    let router = Router(context: ControlContext.self)
    router.add(middleware: RefusalAnswers(routes: self, logger: logger))
    for route in all { router.on(RouterPath(route.path), method: route.method, use: route.handler) }
    return router.buildResponder()
  }
}
