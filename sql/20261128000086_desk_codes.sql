-- The desk's page of codes: campaigns, and making codes for one.

create function public.desk_codes(p_actor_id uuid)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    return jsonb_build_object('campaigns', (
        select coalesce(jsonb_agg(
            to_jsonb(c) - 'actor' || jsonb_build_object(
                'codes', (select count(*) from public.credit_codes k where k.campaign_id = c.id),
                'redeemed', (select count(*) from public.code_redemptions r where r.campaign_id = c.id)
            ) order by c.created_at desc, c.id
        ), '[]'::jsonb)
        from (select l.* from public.credit_campaigns l order by l.created_at desc, l.id limit 50) c
    ));
end
$$;

comment on function public.desk_codes(uuid) is
'The newest fifty campaigns, for staff: {campaigns: [{id, name, credits, codes_work_once, new_customers_only,
valid_days, starts_at, ends_at, created_at: see credit_campaigns, codes: how many, redeemed: how often}]}. Raises PT403 for who is
not staff.';
revoke all on function public.desk_codes(uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_codes(uuid) to service_role;

-- Locks the making of codes at the desk (advisory), then what add_credit_codes locks.
create function public.desk_make_codes(
    p_actor_id        uuid,
    p_campaign        jsonb,
    p_hashes          text[],
    p_reason          text,
    p_idempotency_key text
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_role  text;
    v_done  public.admin_actions;
    v_added integer;
    -- No code and no hash of one: a short word could be found from its hash.
    v_kept  constant jsonb := p_campaign || jsonb_build_object('codes', cardinality(p_hashes));
begin
    perform purse.require_server();
    v_role := purse.require_staff(p_actor_id, true);
    perform purse.require_valid_key(p_idempotency_key);
    -- The second click waits here and then finds what the first one did.
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('desk:codes', 0));
    select * into v_done
    from public.admin_actions a
    where a.actor_id = p_actor_id
        and a.idempotency_key = p_idempotency_key;
    if found then
        perform purse.require_same_request(
            v_done.action = 'make_codes' and v_done.arguments = v_kept and v_done.reason = p_reason
        );
        return v_done.result || jsonb_build_object('action_id', v_done.id::text, 'replayed', true);
    end if;
    begin
        v_added := public.add_credit_codes(p_campaign, p_actor_id::text, p_hashes);
    exception
        when sqlstate 'PT409' then
            raise exception using
                errcode = 'PT409',
                message = 'the campaign or the code exists otherwise',
                detail = 'campaign_differs';
    end;
    if v_added < cardinality(p_hashes) then
        raise exception using errcode = 'PT409', message = 'the code exists', detail = 'code_exists';
    end if;
    insert into public.admin_actions (actor_id, actor_role, action, arguments, reason, idempotency_key, result)
    values (
        p_actor_id, v_role, 'make_codes', v_kept, p_reason, p_idempotency_key,
        jsonb_build_object('campaign_id', p_campaign ->> 'id', 'made', v_added)
    )
    returning * into v_done;
    return v_done.result || jsonb_build_object('action_id', v_done.id::text, 'replayed', false);
end
$$;

comment on function public.desk_make_codes(uuid, jsonb, text[], text, text) is
'Makes a campaign, or adds codes to one with the same terms, as an admin (add_credit_codes, see there for p_campaign
and p_hashes), once per actor and idempotency key, and records it in admin_actions without the codes. Returns {campaign_id, made:
how many codes, action_id, replayed: true if an earlier call made them; p_hashes are then not kept}. Raises PT403 with
not_staff or admins_only as detail; PT409 with campaign_differs if the campaign has other terms or the code belongs to another
campaign, code_exists if this campaign has the code already, or idempotency_key_reused.';
revoke all on function public.desk_make_codes(uuid, jsonb, text[], text, text)
    from public, anon, authenticated, service_role;
grant execute on function public.desk_make_codes(uuid, jsonb, text[], text, text) to service_role;
