-- A batch of grants from a file: record it, grant its lines, and list the batches.

-- Locks the batch's key (advisory). Makes the accounts that do not exist yet, in the order of their ids.
create function public.desk_begin_grants(
    p_actor_id        uuid,
    p_campaign        text,
    p_reason          text,
    p_lines           jsonb,
    p_idempotency_key text
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_batch       public.grant_batches;
    v_fingerprint bytea;
    v_found       jsonb;
    v_faults      jsonb;
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id, true);
    perform purse.require_valid_key(p_idempotency_key);
    perform purse.require_lines(p_lines);
    -- Under the key of address hashes, so that nobody can try addresses against it.
    v_fingerprint := purse.address_hash(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
        jsonb_build_array(p_campaign, p_reason, p_lines)::text, 'UTF8'
    )), 'hex'));
    -- The second click, or a colleague's, waits here and then finds the first one's batch.
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('grants:' || p_idempotency_key, 0));
    select * into v_batch from public.grant_batches b where b.idempotency_key = p_idempotency_key;
    if found then
        perform purse.require_same_request(v_batch.fingerprint = v_fingerprint);
    else
        -- Once: a person may be deleted, or change their address, at any moment.
        select jsonb_agg(to_jsonb(r)) into v_found from purse.grant_recipients(p_lines) r;
        select jsonb_build_object('faulty', count(*), 'line', min(r.line)) into v_faults
        from pg_catalog.jsonb_to_recordset(v_found) r (line integer, fault text)
        where r.fault is not null;
        if (v_faults ->> 'faulty')::integer > 0 then
            return v_faults;
        end if;
        insert into public.grant_batches (idempotency_key, fingerprint, campaign, reason, actor_id)
        values (p_idempotency_key, v_fingerprint, p_campaign, p_reason, p_actor_id)
        returning * into v_batch;
        insert into public.grant_lines (batch_id, line, user_id, credits, valid_days, note)
        select v_batch.id, r.line, r.user_id, r.credits, r.valid_days, r.note
        from pg_catalog.jsonb_to_recordset(v_found)
            r (line integer, user_id uuid, credits bigint, valid_days integer, note text);
        -- desk_grant_lines then waits for no account.
        insert into public.user_credits (user_id)
        select l.user_id from public.grant_lines l where l.batch_id = v_batch.id order by l.user_id
        on conflict (user_id) do nothing;
    end if;
    return purse.batch_json(v_batch);
end
$$;

comment on function public.desk_begin_grants(uuid, text, text, jsonb, text) is
'Records a batch of grants as an admin, once per key: p_lines is as in purse.grant_recipients, 1 to 500. p_campaign
names the lots, and the people see it; p_reason is for staff. Grants nothing yet: call desk_grant_lines until nothing is left.
If a line has a fault, nothing is recorded, and it returns {faulty: how many lines, line: the first}. Else it returns
purse.batch_json. Raises PT403 with not_staff or admins_only as detail; PT409 with idempotency_key_reused if the key names
a batch with another campaign, reason or file; PT422 for more than 500 lines.';
revoke all on function public.desk_begin_grants(uuid, text, text, jsonb, text) from public, anon, authenticated, service_role;
grant execute on function public.desk_begin_grants(uuid, text, text, jsonb, text) to service_role;

create function purse.end_grant_line(
    p_actor_id uuid,
    p_batch    public.grant_batches,
    p_line     public.grant_lines
)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_arguments constant jsonb := jsonb_strip_nulls(jsonb_build_object(
        'credits', p_line.credits, 'valid_days', p_line.valid_days, 'batch_id', p_line.batch_id, 'line', p_line.line
    ));
    v_result    jsonb;
    v_refusal   text;
begin
    -- What is refused is undone to here, and is this line's outcome: the other lines go on.
    begin
        if exists (select from public.purse_moves m where m.from_user_id = p_line.user_id) then
            raise exception using errcode = 'PT409', message = 'the purse has moved', detail = 'purse_moved';
        end if;
        v_result := purse.run_action(p_actor_id, 'grant', p_line.user_id, v_arguments, p_batch.campaign, null);
        insert into public.admin_actions (
            actor_id, actor_role, action, user_id, arguments, reason, idempotency_key, result
        )
        values (
            p_actor_id, 'admin', 'bulk_grant', p_line.user_id, v_arguments, p_batch.reason,
            pg_catalog.format('grants:%s:%s', p_line.batch_id, p_line.line), v_result
        );
        insert into public.person_notes (user_id, author_id, text)
        select p_line.user_id, p_batch.actor_id, p_line.note
        where p_line.note is not null;
    exception
        when sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' then
            get stacked diagnostics v_refusal = pg_exception_detail;
    end;
    update public.grant_lines l
    set outcome = case when v_refusal is null then 'granted' else 'refused' end,
        refusal = v_refusal,
        transaction_id = case when v_refusal is null then (v_result -> 'details' ->> 'transaction_id')::bigint end,
        note = null,
        ended_at = clock_timestamp()
    where l.batch_id = p_line.batch_id
        and l.line = p_line.line;
end
$$;

comment on function purse.end_grant_line(uuid, public.grant_batches, public.grant_lines) is
'Grants a line of a batch, or writes down why it was refused. The caller holds the line''s row and the user''s.';
revoke all on function purse.end_grant_line(uuid, public.grant_batches, public.grant_lines)
    from public, anon, authenticated, service_role;

-- Locks lines of the batch and their users' rows, in the order of user ids, but skips those that are locked. It
-- waits for nobody, so it cannot deadlock.
create function public.desk_grant_lines(
    p_actor_id uuid,
    p_batch_id uuid
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_batch public.grant_batches;
    v_lines public.grant_lines[];
    v_line  public.grant_lines;
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id, true);
    select * into v_batch from public.grant_batches b where b.id = p_batch_id;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such batch', detail = 'unknown_batch';
    end if;
    -- Few at once: whoever spends meanwhile waits until this transaction ends. A line that another call has just
    -- granted is read anew when it is locked, and is none of these any more.
    v_lines := array(
        select l
        from public.grant_lines l
        join public.user_credits u on u.user_id = l.user_id
        where l.batch_id = p_batch_id
            and l.outcome is null
        order by l.user_id
        limit 10
        for update of l, u skip locked
    );
    foreach v_line in array v_lines loop
        perform purse.end_grant_line(p_actor_id, v_batch, v_line);
    end loop;
    return purse.batch_json(v_batch) || jsonb_build_object('ended', cardinality(v_lines));
end
$$;

comment on function public.desk_grant_lines(uuid, uuid) is
'Grants the next lines of a batch as an admin, ten at most, each once however often this is called. Leaves out
accounts that are in use. A line that is refused stops no other. Each granted line is a bonus in the ledger and a row
in admin_actions (bulk_grant), in one transaction. Returns purse.batch_json, and ended: how many lines this call ended.
Raises PT403 with not_staff or admins_only as detail, PT404 with unknown_batch.';
revoke all on function public.desk_grant_lines(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_grant_lines(uuid, uuid) to service_role;

create function public.desk_grants(
    p_actor_id uuid,
    p_batch_id uuid default null
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
declare
    v_batch public.grant_batches;
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    if p_batch_id is null then
        return jsonb_build_object('batches', (
            select coalesce(jsonb_agg(purse.batch_json(b.batch) order by (b.batch).created_at desc), '[]'::jsonb)
            from (select b as batch from public.grant_batches b order by b.created_at desc limit 20) b
        ));
    end if;
    select * into v_batch from public.grant_batches b where b.id = p_batch_id;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such batch', detail = 'unknown_batch';
    end if;
    return jsonb_build_object(
        'batch', purse.batch_json(v_batch),
        'lines', (
            select jsonb_agg(jsonb_build_object(
                'line', l.line,
                'user_id', l.user_id,
                'email', purse.who_is(l.user_id),
                'credits', l.credits,
                'valid_days', l.valid_days,
                'outcome', l.outcome,
                'refusal', l.refusal,
                'balance_after', t.balance_after
            ) order by l.line)
            from public.grant_lines l
            left join public.credit_transactions t on t.id = l.transaction_id
            where l.batch_id = p_batch_id
        )
    );
end
$$;

comment on function public.desk_grants(uuid, uuid) is
'The newest twenty batches of grants, for staff: {batches: [purse.batch_json]}. With p_batch_id {batch, lines: [{line,
user_id, email, credits, valid_days, outcome, refusal: see grant_lines, balance_after: the balance after the grant, or null}]}.
Raises PT403 for who is not staff, PT404 with unknown_batch as detail.';
revoke all on function public.desk_grants(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_grants(uuid, uuid) to service_role;
