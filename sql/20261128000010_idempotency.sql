-- Idempotency keys. A key belongs to a user and is kept for good. The same request under the same key
-- gets the first answer again; another request under it is refused (PT409). A request that was
-- refused, for lack of credits for example, stores nothing under its key. A hold that was released or
-- has expired frees its key for the same request.

create function purse.require_valid_key(p_idempotency_key text)
    returns void
    language plpgsql
    immutable
    set search_path = ''
as $$
begin
    if p_idempotency_key is null
        or octet_length(p_idempotency_key) > 255
        or p_idempotency_key !~ '^[\x20-\x7e]+$'
    then
        raise exception using
            errcode = 'PT422',
            message = 'an idempotency key is 1 to 255 characters of printable ASCII';
    end if;
end
$$;

comment on function purse.require_valid_key(text) is
'Raises PT422 if an idempotency key is null, empty, longer than 255 characters or not printable ASCII.';
revoke all on function purse.require_valid_key(text) from public, anon, authenticated, service_role;

create function purse.raise_key_reused()
    returns void
    language plpgsql
    set search_path = ''
as $$
begin
    raise exception using
        errcode = 'PT409',
        message = 'the idempotency key was used for another request',
        detail = 'idempotency_key_reused';
end
$$;

comment on function purse.raise_key_reused() is
'Raises PT409: the idempotency key was used for another request.';
revoke all on function purse.raise_key_reused() from public, anon, authenticated, service_role;

create function purse.require_same_request(p_is_same boolean)
    returns void
    language plpgsql
    immutable
    set search_path = ''
as $$
begin
    if not coalesce(p_is_same, false) then
        perform purse.raise_key_reused();
    end if;
end
$$;

comment on function purse.require_same_request(boolean) is
'Raises PT409 unless a request under a known key is the request that used the key first.';
revoke all on function purse.require_same_request(boolean) from public, anon, authenticated, service_role;

create function purse.require_not_reversed(p_transaction_id bigint)
    returns void
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    if exists (select from public.credit_transactions t where t.reverses_id = p_transaction_id) then
        raise exception using
            errcode = 'PT409',
            message = 'the spend was reversed',
            detail = 'spend_reversed';
    end if;
end
$$;

comment on function purse.require_not_reversed(bigint) is
'Raises PT409 with the detail spend_reversed if a spend was reversed. Its first answer said "paid",
which is no longer true, so it must not be replayed.';
revoke all on function purse.require_not_reversed(bigint) from public, anon, authenticated, service_role;
