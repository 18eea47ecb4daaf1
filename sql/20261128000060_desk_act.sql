-- Running one action of the desk: with its key, a preview, and the balance that staff saw.

create function purse.require_balance(
    p_shown  bigint,
    p_actual bigint
)
    returns void
    language plpgsql
    immutable
    set search_path = ''
as $$
begin
    if p_shown <> p_actual then
        raise exception using
            errcode = 'PT409',
            message = 'the balance has changed',
            detail = pg_catalog.format('balance_changed:%s', p_actual);
    end if;
end
$$;

comment on function purse.require_balance(bigint, bigint) is
'Raises PT409 with balance_changed:<balance> as detail if a balance is not the one that was shown. Null: none was.';
revoke all on function purse.require_balance(bigint, bigint) from public, anon, authenticated, service_role;

create function purse.balances_of(p_user_ids uuid[])
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    select jsonb_object_agg(i.id, jsonb_build_object(
        'balance', coalesce(u.balance, 0),
        'held', coalesce(u.held, 0),
        'available', coalesce(u.balance - u.held, 0)
    ))
    from unnest(p_user_ids) i (id)
    left join public.user_credits u on u.user_id = i.id
$$;

comment on function purse.balances_of(uuid[]) is 'The balances of users: {user id: {balance, held, available}}.';
revoke all on function purse.balances_of(uuid[]) from public, anon, authenticated, service_role;

create function purse.run_action(
    p_actor_id  uuid,
    p_action    text,
    p_user_id   uuid,
    p_arguments jsonb,
    p_reason    text,
    p_balance   bigint
)
    returns jsonb
    language plpgsql
    set search_path = ''
as $$
declare
    v_ids     uuid[];
    v_last    bigint;
    v_before  jsonb;
    v_after   jsonb;
    v_details jsonb;
    -- These lock no account. What happens to it meanwhile is not their doing.
    v_moves   constant boolean := p_action not in ('note', 'resend', 'export', 'offer', 'withdraw_offer');
begin
    if not purse.person_exists(p_user_id) then
        raise exception using errcode = 'PT404', message = 'no such person', detail = 'unknown_person';
    end if;
    v_ids := case p_action
        when 'move' then array[p_user_id, (p_arguments ->> 'to_user_id')::uuid]
        when 'forget' then purse.accounts_of(p_user_id)
        else array[p_user_id]
    end;
    -- Orders are locked before the account, as in settlement. Moving and forgetting lock both themselves.
    if p_action = 'refund' then
        perform
        from public.purchases p
        where p.id = (p_arguments ->> 'purchase_id')::uuid
            and p.user_id = p_user_id
        for no key update;
    end if;
    if p_action in ('grant', 'correct', 'undo', 'release', 'refund') then
        perform purse.lock_account(p_user_id);
    end if;
    -- Before the balance, which is another one since then.
    perform purse.require_not_done(p_action = 'move' and exists (
        select from public.purse_moves m where m.from_user_id = p_user_id and m.to_user_id = v_ids[2]
    ));
    perform purse.require_not_done(p_action = 'forget' and exists (
        select from public.deleted_accounts d where d.user_id = p_user_id
    ));
    v_before := purse.balances_of(v_ids);
    perform purse.require_balance(p_balance, (v_before -> p_user_id::text ->> 'balance')::bigint);
    v_last := (select max(t.id) from public.credit_transactions t where t.user_id = any (v_ids));
    v_details := purse.apply_action(p_actor_id, p_action, p_user_id, p_arguments, p_reason, p_balance);
    v_after := case when v_moves then purse.balances_of(v_ids) else v_before end;
    return jsonb_build_object(
        'accounts', (
            select jsonb_agg(
                jsonb_build_object('user_id', i.id, 'before', v_before -> i.id::text, 'after', v_after -> i.id::text)
                order by i.place
            )
            from unnest(v_ids) with ordinality i (id, place)
        ),
        'ledger', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'transaction_id', t.id::text,
                'user_id', t.user_id,
                'kind', t.kind,
                'amount', t.amount,
                'balance_after', t.balance_after
            ) order by t.id), '[]'::jsonb)
            from (
                select *
                from public.credit_transactions t
                where v_moves
                    and t.user_id = any (v_ids)
                    and t.id > coalesce(v_last, 0)
                    -- What another transaction did to an account that was not locked yet.
                    and (p_action not in ('move', 'forget') or t.kind not in ('spend', 'purchase', 'bonus', 'reversal'))
                order by t.id
                limit 200
            ) t
        ),
        'details', v_details
    );
end
$$;

comment on function purse.run_action(uuid, text, uuid, jsonb, text, bigint) is
'Does an action of the desk and returns what it changed: {accounts, ledger, details}. See desk_act.';
revoke all on function purse.run_action(uuid, text, uuid, jsonb, text, bigint) from public, anon, authenticated, service_role;

-- Locks the key (advisory), then what the action's own function locks.
create function public.desk_act(
    p_actor_id        uuid,
    p_action          text,
    p_user_id         uuid,
    p_arguments       jsonb,
    p_reason          text,
    p_idempotency_key text,
    p_preview         boolean,
    p_balance         bigint default null
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '2s'
as $$
declare
    v_role   text;
    v_done   public.admin_actions;
    v_result jsonb;
    v_kept   jsonb := p_arguments;
begin
    perform purse.require_server();
    v_role := purse.require_staff(p_actor_id, p_action not in ('note', 'resend', 'export'));
    if p_user_id is null or p_arguments is null or p_preview is null
        or coalesce(btrim(p_reason), '') = '' or length(p_reason) > (case p_action when 'note' then 2000 else 500 end)
    then
        raise exception using errcode = 'PT422', message = 'name the person, what to do, and why';
    end if;
    if p_preview then
        begin
            v_result := purse.run_action(p_actor_id, p_action, p_user_id, p_arguments, p_reason, p_balance);
            -- Undoes everything since `begin`. The variable keeps its value.
            raise exception using errcode = 'PVIEW';
        exception
            when sqlstate 'PVIEW' then
                return v_result || jsonb_build_object('action_id', null, 'replayed', false);
        end;
    end if;

    perform purse.require_valid_key(p_idempotency_key);
    -- The second click waits here, and then finds the first one's row.
    perform pg_catalog.pg_advisory_xact_lock(
        pg_catalog.hashtextextended('desk:' || p_actor_id || ':' || p_idempotency_key, 0)
    );
    select * into v_done
    from public.admin_actions a
    where a.actor_id = p_actor_id
        and a.idempotency_key = p_idempotency_key;
    if found then
        perform purse.require_same_request(
            v_done.action = p_action and v_done.user_id = p_user_id and case
                when p_action = 'note' then exists (
                    select from public.person_notes n
                    where n.id = (v_done.arguments ->> 'note_id')::bigint
                        and n.text = p_reason
                )
                when p_action = 'offer' then v_done.reason = p_reason and exists (
                    select from public.offers o
                    where o.id = (v_done.arguments ->> 'offer_id')::uuid
                        and v_done.arguments - 'offer_id' || jsonb_build_object('name', o.name, 'note', o.note) = p_arguments
                )
                else v_done.arguments = p_arguments and v_done.reason = p_reason
            end
        );
        return v_done.result || jsonb_build_object('action_id', v_done.id::text, 'replayed', true);
    end if;
    v_result := purse.run_action(p_actor_id, p_action, p_user_id, p_arguments, p_reason, p_balance);
    if p_action = 'note' then
        v_kept := v_result -> 'details';
    elsif p_action = 'offer' then
        v_kept := p_arguments - array['name', 'note']
            || jsonb_build_object('offer_id', v_result -> 'details' -> 'offer_id');
    end if;
    insert into public.admin_actions (
        actor_id, actor_role, action, user_id, arguments, reason, idempotency_key, result
    )
    values (
        p_actor_id, v_role, p_action, p_user_id, v_kept,
        case p_action when 'note' then 'a note' else p_reason end, p_idempotency_key, v_result
    )
    returning * into v_done;
    return v_result || jsonb_build_object('action_id', v_done.id::text, 'replayed', false);
end
$$;

comment on function public.desk_act(uuid, text, uuid, jsonb, text, text, boolean, bigint) is
'Does something to a person''s account as a member of staff, once per actor and idempotency key, and records it in
admin_actions. With p_preview it says what would happen, and changes and records nothing. p_arguments by p_action:
grant {credits, valid_days?}, correct {credits: signed}, undo {transaction_id}, release {hold_id}, refund {purchase_id,
amount: what quote_refund has shown}, resend {order_id}, move {to_user_id}, offer: see purse.make_offer (all fields),
withdraw_offer {offer_id}, forget, export, note {} (its text is p_reason). support may note, resend and export; the rest is for
admins. p_balance is the balance that the actor was shown; null: whatever it is. The person sees p_reason of a grant,
a correction and an undone spend in their history. A refund is only begun here: a worker then asks Stripe (claim_refund).
Returns {accounts: [{user_id, before, after: {balance, held, available}}], ledger: [{transaction_id, user_id, kind,
amount, balance_after}], at most 200 rows; details: what the action''s own function answers; action_id or null; replayed}.
Raises PT403 with not_staff or admins_only as detail; PT404 with unknown_person, unknown_transaction, unknown_hold,
unknown_order or unknown_offer; PT409 with balance_changed:<balance>, already_done, idempotency_key_reused, is_staff, or as the action''s function
does; PT402 and PT422 likewise.';
revoke all on function public.desk_act(uuid, text, uuid, jsonb, text, text, boolean, bigint)
    from public, anon, authenticated, service_role;
grant execute on function public.desk_act(uuid, text, uuid, jsonb, text, text, boolean, bigint) to service_role;

create function public.desk_export(
    p_actor_id  uuid,
    p_action_id bigint
)
    returns uuid
    language plpgsql
    stable
    security definer
    set search_path = ''
as $$
declare
    v_action public.admin_actions;
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    select * into v_action
    from public.admin_actions a
    where a.id = p_action_id
        and a.actor_id = p_actor_id
        and a.action = 'export'
        and a.created_at > now() - interval '1 hour';
    if not found then
        raise exception using errcode = 'PT404', message = 'no such export', detail = 'unknown_export';
    end if;
    return v_action.user_id;
end
$$;

comment on function public.desk_export(uuid, bigint) is
'Whose data an action "export" is about, so that nobody''s data is read without a row in admin_actions. Raises PT403 for
who is not staff, PT404 with unknown_export as detail unless the same actor began it within the last hour.';
revoke all on function public.desk_export(uuid, bigint) from public, anon, authenticated, service_role;
grant execute on function public.desk_export(uuid, bigint) to service_role;
