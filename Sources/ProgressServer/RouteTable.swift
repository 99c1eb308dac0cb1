import Hummingbird

typealias Handler = @Sendable (Request, BasicRequestContext) async throws -> Response

extension Router<BasicRequestContext> {
  /// Registers everything that a path answers to, so that any other method is a 405 that names these, and not a 404.
  func at(_ path: RouterPath, _ handlers: [HTTPRequest.Method: Handler]) {
    for (method, handler) in handlers { on(path, method: method, use: handler) }
    let allowed = handlers.keys.map(\.rawValue).sorted().joined(separator: ", ")
    for method in Self.commonMethods where handlers[method] == nil {
      on(path, method: method) { _, _ -> Response in throw Refusal.wrongMethod(allowed: allowed) }
    }
  }

  private static var commonMethods: [HTTPRequest.Method] { [.get, .post, .put, .patch, .delete, .options] }
}
