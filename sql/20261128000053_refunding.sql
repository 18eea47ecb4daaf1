-- A refund from the request to its end: begin_refund pins the credits, a worker claims the request and asks Stripe,
-- and the refund's facts settle it (settle_refund_request, called by record_reversal).
-- Everything here locks the purchase's row, then the user's row, as settlement does.

create function purse.refund_json(
    p_refund      public.refund_requests,
    p_is_replayed boolean default false
)
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    select jsonb_build_object(
        'refund_id', p_refund.id,
        'purchase_id', p_refund.purchase_id,
        'status', p_refund.status,
        'amount', p_refund.amount,
        'currency', p_refund.currency,
        'decimals', purse.decimals_of(p_refund.currency),
        'credits', p_refund.credits,
        'refusal', p_refund.refusal,
        'stripe_refund_id', p_refund.stripe_refund_id,
        'created_at', p_refund.created_at,
        'ended_at', p_refund.ended_at,
        'replayed', p_is_replayed
    )
$$;

comment on function purse.refund_json(public.refund_requests, boolean) is 'A refund request as the functions answer it.';
revoke all on function purse.refund_json(public.refund_requests, boolean) from public, anon, authenticated, service_role;

create function purse.pin_refund(
    p_user_id uuid,
    p_lot_id  bigint,
    p_refund  public.refund_requests
)
    returns uuid
    language plpgsql
    set search_path = ''
as $$
declare
    v_hold public.credit_holds;
begin
    update public.credit_lot_rows l
    set held = l.held + p_refund.credits
    where l.id = p_lot_id
        and l.user_id = p_user_id;
    insert into public.credit_holds (user_id, feature, quantity, credits, lots, idempotency_key, attempt, expires_at)
    select p_user_id, 'purse:refund', 1, p_refund.credits, jsonb_build_object(p_lot_id, p_refund.credits),
        'refund:' || p_refund.id, count(*) + 1, clock_timestamp() + interval '3 days'
    from public.credit_holds h
    where h.user_id = p_user_id
        and h.idempotency_key = 'refund:' || p_refund.id
    returning * into v_hold;
    update public.user_credits u
    set held = u.held + v_hold.credits,
        has_held = true,
        lapses_at = least(u.lapses_at, v_hold.expires_at),
        updated_at = clock_timestamp()
    where u.user_id = p_user_id;
    return v_hold.id;
end
$$;

comment on function purse.pin_refund(uuid, bigint, public.refund_requests) is
'Holds the credits of a refund in one lot, so that nobody spends them meanwhile. The hold lapses after three days,
longer than the daily job takes to come back; each attempt renews it. Returns the hold''s id. The caller holds the
user''s row and has checked that the credits are free.';
revoke all on function purse.pin_refund(uuid, bigint, public.refund_requests) from public, anon, authenticated, service_role;

create function purse.unpin_refund(p_hold_id uuid)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_hold public.credit_holds;
begin
    select * into v_hold from public.credit_holds h where h.id = p_hold_id and h.status = 'held';
    if found then
        perform purse.end_hold(v_hold);
        update public.credit_holds h
        set status = 'released',
            ended_at = clock_timestamp()
        where h.id = v_hold.id;
    end if;
end
$$;

comment on function purse.unpin_refund(uuid) is
'Ends the hold of a refund, unless it has ended. The caller holds the user''s row, read after its lock.';
revoke all on function purse.unpin_refund(uuid) from public, anon, authenticated, service_role;

create function purse.announce_failed_refund(
    p_refund  public.refund_requests,
    p_user_id uuid
)
    returns void
    language sql
    set search_path = ''
as $$
    select purse.announce(
        'refund.failed',
        p_refund.id::text,
        p_user_id,
        jsonb_build_object(
            'user_id', p_user_id,
            'purchase_id', p_refund.purchase_id,
            'refund_id', coalesce(p_refund.stripe_refund_id, p_refund.id::text),
            'amount', p_refund.amount,
            'currency', p_refund.currency,
            'status', p_refund.status,
            'reason', p_refund.refusal
        )
    )
$$;

comment on function purse.announce_failed_refund(public.refund_requests, uuid) is
'Announces once that a refund we asked for was refused or failed: a person of the shop has to look at it.';
revoke all on function purse.announce_failed_refund(public.refund_requests, uuid) from public, anon, authenticated, service_role;

create function public.begin_refund(
    p_purchase_id     uuid,
    p_actor           text,
    p_reason          text,
    p_idempotency_key text,
    p_amount          bigint  default null,
    p_user_id         uuid    default null,
    p_days            integer default null
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '2s'
as $$
declare
    v_purchase public.purchases;
    v_account  public.user_credits;
    v_quote    jsonb;
    v_refund   public.refund_requests;
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    perform purse.require_valid_key(p_idempotency_key);
    if coalesce(btrim(p_actor), '') = '' or coalesce(btrim(p_reason), '') = '' then
        raise exception using errcode = 'PT422', message = 'say who refunds, and why';
    end if;
    select * into v_purchase
    from public.purchases p
    where p.id = p_purchase_id
        and (p_user_id is null or p.user_id = p_user_id)
    for no key update;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such purchase', detail = 'unknown_purchase';
    end if;

    select * into v_refund
    from public.refund_requests r
    where r.actor = p_actor
        and r.idempotency_key = p_idempotency_key;
    if found then
        perform purse.require_same_request(
            v_refund.purchase_id = p_purchase_id and v_refund.amount = coalesce(p_amount, v_refund.amount)
        );
        return purse.refund_json(v_refund, true);
    end if;

    v_account := purse.lock_account(v_purchase.user_id);
    v_quote := purse.quote_of(v_purchase, v_account, p_days);
    if not (v_quote ->> 'refundable')::boolean then
        raise exception using
            errcode = 'PT409',
            message = 'nothing of this purchase can be refunded',
            detail = v_quote ->> 'reason';
    end if;
    if p_amount <> (v_quote ->> 'amount')::bigint then
        raise exception using
            errcode = 'PT409',
            message = 'another amount can be refunded now',
            detail = 'quote_changed';
    end if;
    insert into public.refund_requests (purchase_id, actor, reason, idempotency_key, amount, currency, credits)
    values (
        p_purchase_id, p_actor, p_reason, p_idempotency_key, (v_quote ->> 'amount')::bigint, v_quote ->> 'currency',
        (v_quote ->> 'credits')::bigint
    )
    -- A parallel request under the same key for another purchase.
    on conflict (actor, idempotency_key) do nothing
    returning * into v_refund;
    if not found then
        perform purse.raise_key_reused();
    end if;
    update public.refund_requests r
    set hold_id = purse.pin_refund(v_purchase.user_id, (v_quote ->> 'lot_id')::bigint, v_refund)
    where r.id = v_refund.id
    returning * into v_refund;
    return purse.refund_json(v_refund);
end
$$;

comment on function public.begin_refund(uuid, text, text, text, bigint, uuid, integer) is
'Begins the refund that quote_refund quotes, once per actor and idempotency key, and pins its credits to their lot.
A worker then asks Stripe (claim_refund). p_amount: the quoted amount that the person was shown; null: whatever it is.
p_user_id and p_days: see quote_refund.
Returns {refund_id, purchase_id, status, amount, currency, decimals, credits, refusal, stripe_refund_id, created_at,
ended_at, replayed}. The same request again gets the same refund, as it is now.
Raises PT409 with the quote''s reason as detail if nothing can be refunded, in_progress among them: two at once make
one refund; with quote_changed if the amount is no longer p_amount; with idempotency_key_reused if the key was used for
another refund. PT404 if there is no such purchase; PT422 without an actor, a reason and a valid key; PT403 if
p_user_id''s account was deleted.';
revoke all on function public.begin_refund(uuid, text, text, text, bigint, uuid, integer)
    from public, anon, authenticated, service_role;
grant execute on function public.begin_refund(uuid, text, text, text, bigint, uuid, integer) to service_role;
