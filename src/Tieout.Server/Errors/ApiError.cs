namespace Tieout.Server.Errors;

/// <summary>One row of the error catalogue.</summary>
/// <param name="Code">Stable, snake_case. Clients switch on it, so a released code is never renamed or reused.</param>
/// <param name="Title">Same for every occurrence; says what, not which.</param>
/// <param name="OpenAiType">The <c>type</c> of OpenAI's own errors of this kind; their SDKs and users switch on it.</param>
public sealed record ApiError(string Code, int Status, string Title, string OpenAiType = ApiError.InvalidRequestType)
{
    private const string InvalidRequestType = "invalid_request_error";
    private const string QuotaType = "insufficient_quota";
    private const string ServerType = "server_error";

    // Credentials, and what they allow.
    public static readonly ApiError InvalidApiKey = new("invalid_api_key", 401, "The API key is unknown, blocked or expired.");
    public static readonly ApiError Unauthorized = new("unauthorized", 401, "The admin token or key is missing or wrong.");

    public static readonly ApiError Forbidden = new("forbidden", 403, "The credential does not allow this.");

    public static readonly ApiError ScopeNotAllowed = new("scope_not_allowed", 403, "The key has no scope for this request.");
    public static readonly ApiError ModelNotAllowed = new("model_not_allowed", 403, "The key may not use this model.");

    public static readonly ApiError AddressNotAllowed = new("address_not_allowed", 403, "The key may not be used from this address.");
    public static readonly ApiError TagPinned = new("tag_pinned", 403, "The key is pinned to another value of this tag.");

    // The request: its form, and what it names.
    public static readonly ApiError BodyMalformed = new("body_malformed", 400, "The body is not in the form that this address accepts.");
    public static readonly ApiError BodyTooLarge = new("body_too_large", 413, "The body is larger than the server accepts.");
    public static readonly ApiError HeaderInvalid = new("header_invalid", 400, "A header is invalid.");
    public static readonly ApiError ParameterInvalid = new("parameter_invalid", 400, "A parameter is invalid.");
    public static readonly ApiError NotFound = new("not_found", 404, "This address does not exist.");
    public static readonly ApiError AmountInvalid = new(
        "amount_invalid", 400, "The amount is invalid. Use digits with an optional decimal point, for example 12.50.");
    public static readonly ApiError TeamNotFound = new("team_not_found", 404, "The team does not exist.");
    public static readonly ApiError ProjectNotFound = new("project_not_found", 404, "The project does not exist.");
    public static readonly ApiError TokenNotFound = new("token_not_found", 404, "The token does not exist.");
    public static readonly ApiError KeyNotFound = new("key_not_found", 404, "The key does not exist.");
    public static readonly ApiError OperationNotFound = new("operation_not_found", 404, "The operation does not exist.");
    public static readonly ApiError TraceNotFound = new("trace_not_found", 404, "The ledger contains nothing with this id.");
    public static readonly ApiError IncidentNotFound = new("incident_not_found", 404, "The incident does not exist.");
    public static readonly ApiError IncidentClosed = new("incident_closed", 409, "The incident is closed.");
    public static readonly ApiError PriceNotFound = new("price_not_found", 404, "No price list contains this model.");
    public static readonly ApiError PriceListInvalid = new("price_list_invalid", 400, "The file is not a price list of the given format.");
    public static readonly ApiError FileInvalid = new("file_invalid", 400, "The file is malformed or ambiguous, so it was not compared.");
    public static readonly ApiError SurfaceNotFound = new("surface_not_found", 404, "The configuration does not contain this surface.");
    public static readonly ApiError SurfaceUnreadable = new("surface_unreadable", 502, "The surface cannot be read, so it was not compared.", ServerType);
    public static readonly ApiError InvoiceNotFound = new("invoice_not_found", 404, "The invoice or credit note does not exist.");
    public static readonly ApiError InvoiceFinal = new("invoice_final", 409, "The invoice is final: it never changes.");
    public static readonly ApiError CreditTooLarge = new("credit_too_large", 409, "The credit note is larger than what is left of the invoice.");
    public static readonly ApiError WebhookInvalid = new("webhook_invalid", 400, "The webhook is invalid.");
    public static readonly ApiError WebhookNotFound = new("webhook_not_found", 404, "The webhook does not exist.");
    public static readonly ApiError MethodNotAllowed = new("method_not_allowed", 405, "This address does not accept the method.");
    public static readonly ApiError ModelNotFound = new("model_not_found", 404, "The model does not exist here.");
    public static readonly ApiError ModelNotPriced = new("model_not_priced", 404, "The model has no price, and the policy refuses models without one.");

    // Identity envelopes.
    public static readonly ApiError EnvelopeRefused = new("envelope_refused", 403, "The identity envelope was not issued here, or was changed.");
    public static readonly ApiError EnvelopeRevoked = new(
        "envelope_revoked", 403, "The identity envelope, or the key that signed it, is revoked. Issue a new one.");
    public static readonly ApiError EnvelopeRequired = new("envelope_required", 403, "A worker's key can spend only with a tenant's envelope.");
    public static readonly ApiError EnvelopeExpired = new("envelope_expired", 403, "The identity envelope has expired. Issue a new one.");
    public static readonly ApiError IdentityRebind = new(
        "identity_rebind", 403, "The identity envelope belongs to another tenant than the key or the request.");
    public static readonly ApiError EnvelopeInvalid = new("envelope_invalid", 400, "The envelope request is invalid.");
    public static readonly ApiError EnvelopeKeyNotFound = new("envelope_key_not_found", 404, "The envelope key does not exist.");
    public static readonly ApiError EnvelopeKeyState = new(
        "envelope_key_state", 409, "The state of an envelope key can only go forward: active, verify_only, revoked.");
    public static readonly ApiError EnvelopesOff = new("envelopes_off", 503, "This server has no envelope secret, so it cannot issue envelopes.", ServerType);

    // The guard of destructive actions.
    public static readonly ApiError GuardBlocked = new("guard_blocked", 403, "A guard policy blocks this action.");
    public static readonly ApiError GuardPolicyInvalid = new("guard_policy_invalid", 400, "The guard policy cannot be as it is.");
    public static readonly ApiError GuardPolicyNotFound = new("guard_policy_not_found", 404, "The guard policy does not exist.");
    public static readonly ApiError GuardPolicyChanged = new("guard_policy_changed", 409, "Somebody changed the guard policy in the meantime.");
    public static readonly ApiError GuardQuestionInvalid = new("guard_question_invalid", 400, "The question to the guard is invalid.");
    public static readonly ApiError GuardOverrideInvalid = new("guard_override_invalid", 400, "The override cannot be as it is.");
    public static readonly ApiError GuardOverrideNotFound = new("guard_override_not_found", 404, "The override does not exist.");
    public static readonly ApiError GuardOverrideState = new("guard_override_state", 409, "The override is not in a state that allows this.");

    // Alert rules.
    public static readonly ApiError AlertRuleInvalid = new("alert_rule_invalid", 400, "The alert rule cannot be as it is.");
    public static readonly ApiError AlertRuleNotFound = new("alert_rule_not_found", 404, "The alert rule does not exist.");

    // Mitigations.
    public static readonly ApiError MitigationInvalid = new("mitigation_invalid", 400, "The mitigation cannot be as it is.");
    public static readonly ApiError MitigationNotFound = new("mitigation_not_found", 404, "The mitigation does not exist.");
    public static readonly ApiError MitigationOff = new("mitigation_off", 403, "A mitigation switches these requests off for a time.");
    public static readonly ApiError MitigationLimited = new("mitigation_limited", 429, "A mitigation limits these requests for a time.", "requests");
    public static readonly ApiError MitigationRetries = new("mitigation_retries", 429, "A mitigation limits repeated requests for a time.", "requests");
    public static readonly ApiError MitigationSuperseded = new("mitigation_superseded", 409, "A newer request of the same caller replaced this one.");
    public static readonly ApiError MitigationCostCap = new(
        "mitigation_cost_cap", 402, "A mitigation caps the cost of an hour, and the hour has too little left.", QuotaType);

    // Join contracts.
    public static readonly ApiError ContractInvalid = new("contract_invalid", 400, "The join contract cannot be as it is.");
    public static readonly ApiError ContractNotFound = new("contract_not_found", 404, "The join contract does not exist.");
    public static readonly ApiError SharedCostInvalid = new("shared_cost_invalid", 400, "The shared cost cannot be split like this.");
    public static readonly ApiError SharedCostCharged = new("shared_cost_charged", 409, "The shared cost is already charged for this window.");
    public static readonly ApiError ContractBreaking = new("contract_breaking", 409, "The version does not follow the one that stands.");
    public static readonly ApiError ContractViolated = new("contract_violated", 422, "The usage would break a join contract.");
    public static readonly ApiError QuarantinedEventNotFound = new("quarantined_event_not_found", 404, "No such usage was put aside.");
    public static readonly ApiError QuarantinedEventInvalid = new("quarantined_event_invalid", 400, "The event in quarantine cannot be changed like this.");
    public static readonly ApiError QuarantinedEventState = new("quarantined_event_state", 409, "The event is not in a state that allows this.");

    // Usage that was measured elsewhere.
    public static readonly ApiError TooManyItems = new("too_many_items", 413, "The call contains more items than one call may contain.");
    public static readonly ApiError MediaTypeUnsupported = new("media_type_unsupported", 415, "This address does not accept the body's media type or coding.");
    public static readonly ApiError ItemInvalid = new("item_invalid", 400, "The usage item is invalid.");
    public static readonly ApiError RuntimeInvalid = new("runtime_invalid", 400, "The registration of the app instance or allocation is invalid.");
    public static readonly ApiError RuntimeNotFound = new("runtime_not_found", 404, "The app instance or allocation does not exist.");
    public static readonly ApiError RuntimeActive = new(
        "runtime_active", 409, "The app instance or allocation is still running, or its last usage is not charged yet.");
    public static readonly ApiError RuntimeRetired = new("runtime_retired", 409, "The app instance or allocation is retired.");
    public static readonly ApiError ActivityTooLate = new("activity_too_late", 409, "The activity is too old to be metered.");
    public static readonly ApiError UsageMissing = new("usage_missing", 400, "The item contains no usage.");

    // Refusals of the ledger; see RefusalErrors.
    public static readonly ApiError IdReused = new("id_reused", 409, "This id was used before with other content.");
    public static readonly ApiError NameInvalid = new("name_invalid", 400, "A name or text is invalid.");
    public static readonly ApiError AmountNotPositive = new("amount_not_positive", 400, "The amount must be above zero.");
    public static readonly ApiError CountTooLarge = new("count_too_large", 400, "A count is larger than one usage record may contain.");
    public static readonly ApiError AmountTooLarge = new("amount_too_large", 400, "The amount is larger than one command may move.");
    public static readonly ApiError OrgNotFound = new("org_not_found", 404, "The org does not exist.");
    public static readonly ApiError BudgetInvalid = new("budget_invalid", 400, "The budget is invalid.");
    public static readonly ApiError PeriodNotOver = new("period_not_over", 409, "The period is not over yet.");
    public static readonly ApiError AlreadyExpired = new("already_expired", 400, "The expiry is in the past.");
    public static readonly ApiError OccurredInFuture = new("occurred_in_future", 400, "The time of the usage is in the future.");
    public static readonly ApiError PostingNotFound = new("posting_not_found", 404, "The posting does not exist.");
    public static readonly ApiError PostingNotCorrectable = new("posting_not_correctable", 409, "A posting of this kind cannot be corrected.");
    public static readonly ApiError RowsArchived = new("rows_archived", 410, "The rows are in an archive, not in the ledger.");

    public static readonly ApiError DetachRunning = new("detach_running", 409, "Another plan of detached months is being carried out.");
    public static readonly ApiError PostingReversed = new("posting_reversed", 409, "The posting is already reversed.");
    public static readonly ApiError FindingNotFound = new(
        "finding_not_found", 404, "No open finding has this id. It may have been corrected or accepted, or the id is wrong.");
    public static readonly ApiError FindingNotDecidable = new("finding_not_decidable", 409, "This finding cannot be closed this way.");
    public static readonly ApiError DecisionNeeded = new("decision_needed", 409, "A person must decide which figure is right.");
    public static readonly ApiError ApprovalRequired = new("approval_required", 403, "A second person must approve this.");
    public static readonly ApiError AdjustmentsFrozen = new("adjustments_frozen", 409, "The org is frozen: no money may be moved by hand.");
    public static readonly ApiError ReasonNeeded = new("reason_needed", 400, "A reason is required above the approval limit.");
    public static readonly ApiError ProposalNotFound = new("proposal_not_found", 404, "The proposal does not exist.");
    public static readonly ApiError ProposalDiffers = new("proposal_differs", 409, "The hash in the approval is not the hash of the proposal.");
    public static readonly ApiError ProposalClosed = new("proposal_closed", 409, "The proposal is already approved or rejected.");
    public static readonly ApiError ProposalOwn = new("proposal_own", 403, "The proposer cannot approve their own proposal.");
    public static readonly ApiError ProposalExpired = new("proposal_expired", 409, "The proposal has expired.");
    public static readonly ApiError HoldNotExpired = new("hold_not_expired", 409, "The hold has not expired yet.");
    public static readonly ApiError HoldEnded = new("hold_ended", 409, "The hold ended before this command.");
    public static readonly ApiError ObjectNotFound = new("object_not_found", 404, "The stored response, file or batch does not exist.");
    public static readonly ApiError LineageMoved = new("lineage_moved", 409, "Too many concurrent attempts of this operation. Try again.");
    public static readonly ApiError InsufficientBalance = new("insufficient_balance", 402, "The balance does not cover what the request may cost.", QuotaType);
    public static readonly ApiError BudgetExhausted = new("budget_exhausted", 402, "A budget does not cover what the request may cost.", QuotaType);

    // Limits.
    public static readonly ApiError OccupancyExceeded = new(
        "occupancy_exceeded", 429, "The caller or its org has reached its limit on this server.", "requests");
    public static readonly ApiError TooManyAttempts = new("too_many_attempts", 429, "Too many wrong credentials came from the address.", "requests");
    public static readonly ApiError ServerBusy = new("server_busy", 503, "The server is at its capacity. Try again.", ServerType);
    public static readonly ApiError ReadTooLong = new("read_too_long", 503, "The read took longer than its time limit.", ServerType);
    public static readonly ApiError TooManyOpenHolds = new("too_many_open_holds", 429, "The org has reached its limit of open holds.", "requests");
    public static readonly ApiError TooManySettings = new("too_many_settings", 409, "The org has reached its limit of settings of this kind.");
    public static readonly ApiError TooManySteps = new("too_many_steps", 409, "The lineage of the envelope has reached its limit of steps.");
    public static readonly ApiError TooManyObjects = new("too_many_objects", 409, "The org has reached its limit of stored files and batches.");
    public static readonly ApiError RateLimited = new("rate_limit_exceeded", 429, "A limit on requests, tokens or concurrent requests is reached.", "requests");

    // Faults of the store, of providers, and of this program.
    public static readonly ApiError StoreUnavailable = new(
        "store_unavailable", 503, "The ledger cannot be written now, so the request was refused.", ServerType);
    public static readonly ApiError CommandQuarantined = new(
        "command_quarantined", 500, "A fault of the ledger stopped the command. The command is recorded in quarantine.", ServerType);
    public static readonly ApiError UpstreamUnreachable = new("upstream_unreachable", 502, "The provider cannot be reached.", ServerType);
    public static readonly ApiError UpstreamFailed = new("upstream_failed", 502, "The provider's answer could not be read.", ServerType);
    public static readonly ApiError UpstreamTimeout = new("upstream_timeout", 504, "The provider did not answer in time.", ServerType);
    public static readonly ApiError Internal = new("internal_error", 500, "The server failed. Search its logs for the correlation id.", ServerType);
}
