import Hummingbird
import Logging
import NIOHTTP1
import ProgressModel
import ProgressStore

/// Turns whatever a route throws into the API's own error answers, and logs what is the server's fault.
struct RefusalAnswers: RouterMiddleware {
  let logger: Logger

  @concurrent func handle(
    _ request: Request, context: BasicRequestContext, next: @concurrent (Request, BasicRequestContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let refusal as Refusal {
      return refusal.response
    } catch let error as ProgressStoreError {
      if case .unavailable = error { warn(request, error) }
      return Refusal(error).response
    } catch let error as HTTPError where error.status == .notFound {
      return Refusal.noSuchPath.response
    } catch is CancellationError {
      return Refusal.stopping.response
    } catch let error as HTTPParserError {
      // The request was not HTTP to its end; the connection itself answers that.
      throw error
    } catch {
      warn(request, error)
      return Response(status: .internalServerError, json: .object(["detail": .string("Internal Server Error")]))
    }
  }

  private func warn(_ request: Request, _ error: any Error) {
    logger.warning("\(request.method.rawValue) \(request.uri.path) failed: \(error)")
  }
}
