// SPDX-License-Identifier: Apache-2.0

import CGateway
import GatewayABI
import Testing

/// Compiles only when the header declares a function as it is implemented.
private func same<Function>(_ declared: Function, _ implemented: Function) -> Int { 1 }

@Suite("The header")
struct HeaderTests {
    @Test("declares each function as it is implemented")
    func signatures() {
        var functions = 0
        functions += same(gateway_application_check, gatewayApplicationCheck)
        functions += same(gateway_application_open, gatewayApplicationOpen)
        functions += same(gateway_application_close, gatewayApplicationClose)
        functions += same(gateway_application_backend, gatewayApplicationBackend)
        functions += same(gateway_application_define, gatewayApplicationDefine)
        functions += same(gateway_application_reload, gatewayApplicationReload)
        functions += same(gateway_application_maintain, gatewayApplicationMaintain)
        functions += same(gateway_application_supervisor, gatewayApplicationSupervisor)
        functions += same(gateway_application_process, gatewayApplicationProcess)
        functions += same(gateway_application_stats, gatewayApplicationStats)
        functions += same(gateway_version, gatewayVersion)
        functions += same(gateway_version_number, gatewayVersionNumber)
        functions += same(gateway_abi_version, gatewayABIVersion)
        functions += same(gateway_status_name, gatewayStatusName)
        functions += same(gateway_outcome_name, gatewayOutcomeName)
        functions += same(gateway_stage_name, gatewayStageName)
        functions += same(gateway_open, gatewayOpen)
        functions += same(gateway_close, gatewayClose)
        functions += same(gateway_backend_open, gatewayBackendOpen)
        functions += same(gateway_backend_close, gatewayBackendClose)
        functions += same(gateway_request_open, gatewayRequestOpen)
        functions += same(gateway_request_param, gatewayRequestParam)
        functions += same(gateway_request_params, gatewayRequestParams)
        functions += same(gateway_request_role, gatewayRequestRole)
        functions += same(gateway_request_body_bytes, gatewayRequestBodyBytes)
        functions += same(gateway_request_body_callback, gatewayRequestBodyCallback)
        functions += same(gateway_request_body_written, gatewayRequestBodyWritten)
        functions += same(gateway_request_clear, gatewayRequestClear)
        functions += same(gateway_request_close, gatewayRequestClose)
        functions += same(gateway_exchange_open, gatewayExchangeOpen)
        functions += same(gateway_exchange_next, gatewayExchangeNext)
        functions += same(gateway_exchange_write, gatewayExchangeWrite)
        functions += same(gateway_exchange_wait, gatewayExchangeWait)
        functions += same(gateway_exchange_block, gatewayExchangeBlock)
        functions += same(gateway_exchange_result, gatewayExchangeResult)
        functions += same(gateway_exchange_cancel, gatewayExchangeCancel)
        functions += same(gateway_exchange_close, gatewayExchangeClose)
        functions += same(gateway_handle, gatewayHandle)
        functions += same(gateway_request_body_descriptor, gatewayRequestBodyDescriptor)
        functions += same(gateway_request_http, gatewayRequestHTTP)
        functions += same(gateway_maintain, gatewayMaintain)
        functions += same(gateway_backend_stats, gatewayBackendStats)
        functions += same(gateway_shared_open, gatewaySharedOpen)
        functions += same(gateway_shared_close, gatewaySharedClose)
        functions += same(gateway_shared_application, gatewaySharedApplication)
        functions += same(gateway_place_enter, gatewayPlaceEnter)
        functions += same(gateway_place_rest, gatewayPlaceRest)
        functions += same(gateway_place_resume, gatewayPlaceResume)
        functions += same(gateway_place_leave, gatewayPlaceLeave)
        functions += same(gateway_place_asked, gatewayPlaceAsked)
        functions += same(gateway_shared_wake, gatewaySharedWake)
        functions += same(gateway_shared_count, gatewaySharedCount)
        functions += same(gateway_shared_add, gatewaySharedAdd)
        functions += same(gateway_shared_failure, gatewaySharedFailure)
        functions += same(gateway_shared_stats, gatewaySharedStats)
        functions += same(gateway_next_deadline, gatewayNextDeadline)
        functions += same(gateway_endpoint_stats, gatewayEndpointStats)
        functions += same(gateway_backend_resolve, gatewayBackendResolve)
        functions += same(gateway_backend_values, gatewayBackendValues)
        #expect(functions == 59)
    }

    @Test("tells the version that the library tells")
    func version() {
        #expect(gateway_version_number() == 1_000)
        #expect(String(cString: gateway_version()) == "0.1.0")
        #expect(gateway_abi_version() == UInt32(GATEWAY_ABI_VERSION))
    }

    @Test("names every outcome, stage and status")
    func names() {
        #expect(String(cString: gateway_status_name(.GATEWAY_ERR_LIMIT)) == "GATEWAY_ERR_LIMIT")
        #expect(String(cString: gateway_outcome_name(.GATEWAY_OUTCOME_TIMED_OUT)) == "timed-out")
        #expect(String(cString: gateway_stage_name(.GATEWAY_STAGE_HEAD)) == "head")
        #expect(String(cString: gateway_stage_name(.GATEWAY_STAGE_END)) == "end")
    }
}
