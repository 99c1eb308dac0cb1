import ControlProtocol
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Reads each request's body, within limits, and turns whatever a route throws into an answer that says what is wrong and what to do.
struct RefusalAnswers: RouterMiddleware {
  let routes: Routes
  let logger: Logger

  /// Bytes of a request's body.
  static let longestBody = 64 * 1024

  @concurrent func handle(
    _ request: Request, context: ControlContext, next: @concurrent (Request, ControlContext) async throws -> Response
  ) async throws -> Response {
    do {
      var request = request
      _ = try await request.collectBody(upTo: Self.longestBody)
      return try await next(request, context)
    } catch let refusal as ControlRefusal {
      return Response(refusal)
    } catch is NIOTooManyBytesError {
      var response = Response(
        ControlRefusal(.badRequest, "the body has more than \(Self.longestBody) bytes: name less at once"), status: .contentTooLarge)
      response.headers[.connection] = "close"
      return response
    } catch let error as HTTPError where error.status == .notFound {
      return notFound(request)
    } catch let error as HTTPError where error.status == .contentTooLarge {
      var response = Response(
        ControlRefusal(.badRequest, "the body has more than \(Self.longestBody) bytes: name less at once"), status: .contentTooLarge)
      response.headers[.connection] = "close"
      return response
    } catch is CancellationError {
      return Response(ControlRefusal(.unavailable, "the daemon is ending"))
    } catch let error as HTTPParserError {
      // The request was not HTTP to its end; the connection itself answers that.
      throw error
    } catch {
      logger.debug("\(request.method.rawValue) \(request.uri.path) failed: \(error)")
      return Response(ControlRefusal(.unavailable, "\(error)"))
    }
  }

  private func notFound(_ request: Request) -> Response {
    let methods = routes.all.filter { $0.matches(request.uri.path) }.map(\.method.rawValue).sorted()
    guard methods.isEmpty else {
      let allowed = methods.joined(separator: ", ")
      let words = "\(request.uri.path) is asked with \(allowed), not with \(request.method.rawValue)"
      var response = Response(ControlRefusal(.badRequest, words), status: .methodNotAllowed)
      response.headers[.allow] = allowed
      return response
    }
    let paths = routes.all.map { "\($0.method.rawValue) \($0.path)" }.joined(separator: ", ")
    return Response(ControlRefusal(.notFound, "there is no \(request.uri.path); there are \(paths)"))
  }
}
